# Writes families.json: conversations through the templates of families/, rendered by transformers.
#
#     python make_families.py families.json
#
# Needs transformers 5 and jinja2 3.1.6. A case is [template, conversation, options, without, with]: what comes out
# without and with a generation prompt, "=…" for text, "!…" for a refusal in the template's words, "?" for an error.
# Where the second begins with the first, only the rest is kept, behind "+".
import datetime
import json
import pathlib
import sys

import jinja2
import transformers.utils.chat_template_utils as chat


class Fixed(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2024, 7, 6, 15, 4, 9)


chat.datetime = Fixed
folder = pathlib.Path(__file__).parent / "families"


def system(text): return {"role": "system", "content": text}
def user(text): return {"role": "user", "content": text}
def assistant(text, **fields): return {"role": "assistant", "content": text, **fields}
def call(name, arguments, id): return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


weather = {"place": "Zürich", "days": 2}
conversations = {
    "one question": [user("  What is 2 + 2? ")],
    "reply": [user("Hi"), assistant("Hello! \n")],
    "system": [system("Be brief.\n"), user("Why is the sky blue?"), assistant("Rayleigh scattering.")],
    "long": [system("Du bist höflich."), user("Grüß dich 👋🏽"), assistant("Grüß Gott!\r\n\n"), user("<b>&amp;</b> \"x\" 'y'\t日本"),
             assistant("<think>\nHm.\n</think>\n\nJa."), user("Danke\n\nsehr")],
    "two users": [user("a"), user("b")],
    "empty": [user(""), assistant("")],
    "thinking": [user("1+1?"), assistant("2", reasoning_content="One and one.")],
    "call": [user("Weather?"), assistant("", tool_calls=[call("get_weather", weather, "abcdefgh1")])],
    "call and answer": [system("Use tools."), user("Weather?"), assistant(None, tool_calls=[call("get_weather", weather, "abcdefgh1")]),
                        {"role": "tool", "name": "get_weather", "tool_call_id": "abcdefgh1", "content": "{\"sky\": \"clear\"}"},
                        assistant("It is clear.")],
    "two calls": [user("Both?"), {"role": "assistant", "tool_calls": [call("get_weather", weather, "abcdefgh1"), call("now", {}, "abcdefgh2")]},
                  {"role": "tool", "name": "get_weather", "tool_call_id": "abcdefgh1", "content": "rain"},
                  {"role": "tool", "name": "now", "tool_call_id": "abcdefgh2", "content": "12:00"}],
    "parts": [{"role": "user", "content": [{"type": "text", "text": "Look: "}, {"type": "image"}, {"type": "text", "text": " there"}]}],
}
tools = [
    {"type": "function", "function": {"name": "get_weather", "description": "Weather at a place – “soon”", "parameters": {
        "type": "object", "properties": {"place": {"type": "string", "description": "A city, such as Zürich"}, "days": {"type": "integer"},
                                         "units": {"type": "string", "enum": ["C", "F"]}}, "required": ["place"]}}},
    {"type": "function", "function": {"name": "now", "description": "The time <here>", "parameters": {"type": "object", "properties": {
        "zones": {"type": "array", "items": {"type": "string"}}}, "required": []}}},
]
options = {
    "none": {},
    "tools": {"tools": tools},
    "documents": {"documents": [{"title": "One", "text": "First text."}, {"title": "Two", "text": "Zweiter."}]},
    "switches": {"enable_thinking": False, "thinking": True, "reasoning_effort": "high", "tools_in_user_message": False, "tools": tools,
                 "controls": {"length": "short"}, "date_string": "1 Jan 2030"},
}
plan = [(name, "none") for name in conversations]
plan += [(name, "tools") for name in ("one question", "system", "call", "call and answer", "two calls")]
plan += [("one question", "documents"), ("system", "documents"), ("one question", "switches"), ("system", "switches")]


def outcome(source, conversation, extra, generation):
    try:
        texts, _ = chat.render_jinja_template([conversation], chat_template=source, add_generation_prompt=generation,
                                              bos_token="<s>", eos_token="</s>", **extra)
        return "=" + texts[0]
    except jinja2.exceptions.TemplateError as error:
        return "!" + str(error.message) if type(error) is jinja2.exceptions.TemplateError else "?"
    except Exception:
        return "?"


cases = []
for path in sorted(folder.glob("*.jinja")):
    source, seen = path.read_text(), {}
    for conversation, option in plan:
        without, with_prompt = (outcome(source, conversations[conversation], options[option], flag) for flag in (False, True))
        # What an option does not change says nothing new.
        if option == "none": seen[conversation] = (without, with_prompt)
        elif seen[conversation] == (without, with_prompt): continue
        short = "+" + with_prompt[len(without):] if without[0] == "=" and with_prompt.startswith(without) else with_prompt
        cases.append([path.stem, conversation, option, without, short])


def pairs(value):
    # Objects as lists of pairs, which keep their order in every reader.
    if isinstance(value, dict): return {"__map": [[key, pairs(item)] for key, item in value.items()]}
    return [pairs(item) for item in value] if isinstance(value, list) else value


with open(sys.argv[1], "w") as file:
    file.write('{"conversations": ' + json.dumps(pairs(conversations), ensure_ascii=False) + ',\n"options": ')
    file.write(json.dumps(pairs(options), ensure_ascii=False) + ',\n"cases": [\n')
    file.write(",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases) + "\n]}\n")
