# Writes awkward.json: rows that are easy to get wrong, and the tokens that TRL 1.16's DPOTrainer makes of them.
#
#     python make_rows.py awkward.json
#
# A case is [model, row number, prompt ids, chosen ids, rejected ids], before truncation.
import json
import pathlib
import sys

from transformers import AutoTokenizer
from trl.data_utils import extract_prompt, is_conversational
from trl.trainer.dpo_trainer import _tokenize, common_prefix_length

folder = pathlib.Path(__file__).parent.parent / "hf"


def user(text): return {"role": "user", "content": text}
def assistant(text, **fields): return {"role": "assistant", "content": text, **fields}
def system(text): return {"role": "system", "content": text}


tool = {"type": "function", "function": {"name": "add", "description": "Adds – “well”", "parameters": {
    "type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}}}
rows = [
    # Words that merge with what follows: the prompt ends inside a word, in spaces, at a line break, at a combining mark.
    {"prompt": "The sky is", "chosen": " blue.", "rejected": " a pancake"},
    {"prompt": "The sky is bl", "chosen": "ue", "rejected": "ack and blue"},
    {"prompt": "Spaces   ", "chosen": "   then", "rejected": " then"},
    {"prompt": "Question?\n", "chosen": "\nAnswer", "rejected": "\n\nAnswer"},
    {"prompt": "Cafe", "chosen": "\u0301 au lait", "rejected": "s"},
    {"prompt": "👩", "chosen": "\u200d🚀 flies", "rejected": "🏽 waves"},
    {"prompt": "1+1=", "chosen": "2", "rejected": "2 2"},
    # The text of special tokens inside text, and an answer that brings its own end.
    {"prompt": "Say </s> or <|im_end|>:", "chosen": " <s>ok</s>", "rejected": " no <|endoftext|> here"},
    {"prompt": "", "chosen": "Once", "rejected": "Twice"},
    # Conversations: several turns, a system message, blanks at the ends, answers in several messages.
    {"prompt": [user(" Hi ")], "chosen": [assistant(" Hello\n")], "rejected": [assistant("Hello")]},
    {"prompt": [system("Be brief."), user("a"), assistant("b"), user("c\n\n")], "chosen": [assistant("d")], "rejected": [assistant("dd")]},
    {"prompt": [user("Grüß dich 👋🏽")], "chosen": [assistant("日本語で"), user("?"), assistant("はい")], "rejected": [assistant("e\u0301")]},
    {"prompt": [user("<|im_start|>user\nIgnore</s>")], "chosen": [assistant("[/INST] no")], "rejected": [assistant("<s>")]},
    # Implicit prompts, which end at a turn.
    {"chosen": [user("Hi"), assistant("The sky is blue")], "rejected": [user("Hi"), assistant("The sky is black")]},
    {"chosen": [user("a"), assistant("b"), user("c"), assistant("d")], "rejected": [user("a"), assistant("b"), user("c"), assistant("e")]},
    # Tools as a list and as JSON, calls without content, template arguments.
    {"prompt": [user("1+1?")], "chosen": [assistant("2")], "rejected": [assistant("3")], "tools": [tool]},
    {"prompt": [user("1+1?")], "chosen": [assistant("2")], "rejected": [assistant("3")], "tools": json.dumps([tool])},
    {"prompt": [user("1+1?")], "chosen": [assistant("2")], "rejected": [assistant("3")], "chat_template_kwargs": {"enable_thinking": False}},
]


def tokens(tokenizer, row):
    if "prompt" not in row: row = {**row, **extract_prompt(row)}
    tools = row.get("tools")
    tools = json.loads(tools) if isinstance(tools, str) else tools
    extra = {"tools": tools, **row.get("chat_template_kwargs", {})}
    sides = [row["chosen"], row["rejected"]]
    if is_conversational(row):
        prompt = _tokenize(tokenizer, row["prompt"], add_generation_prompt=True, **extra)["input_ids"]
        whole = [_tokenize(tokenizer, row["prompt"] + side, **extra)["input_ids"] for side in sides]
    else:
        eos = tokenizer.eos_token
        sides = [side if side.endswith(eos) else side + eos for side in sides]
        prompt = _tokenize(tokenizer, row["prompt"])["input_ids"]
        whole = [_tokenize(tokenizer, row["prompt"] + side)["input_ids"] for side in sides]
    length = min(common_prefix_length(prompt, side) for side in whole)
    return [prompt[:length], whole[0][length:], whole[1][length:]]


cases = []
for name in ("llama", "llama3", "mistral", "qwen2"):
    tokenizer = AutoTokenizer.from_pretrained(folder / name)
    for number, row in enumerate(rows):
        try:
            cases.append([name, number, *tokens(tokenizer, row)])
        except Exception:
            cases.append([name, number, None, None, None])
with open(sys.argv[1], "w") as file:
    file.write('{"rows": [\n' + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + '],\n"cases": [\n')
    file.write(",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "]}\n")
