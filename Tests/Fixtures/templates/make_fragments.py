# Writes fragments.json: random fragments of templates, and what Jinja makes of them as transformers sets it up.
#
#     python make_fragments.py SEED COUNT OUTPUT
#
# Needs transformers 5 and jinja2 3.1.6. Fragments whose text depends on the machine (addresses) are left out.
import json, random, sys, re, datetime
import transformers.utils.chat_template_utils as c
class Fixed(datetime.datetime):
    @classmethod
    def now(cls, tz=None): return cls(2024,7,6,15,4,9)
c.datetime = Fixed
import jinja2, types, jinja2.defaults
class Skip(BaseException): pass
def wrap(f):
    def g(*a,**k):
        if any(isinstance(x,(types.GeneratorType,type(reversed([])))) for x in a[:2]): raise Skip()
        return f(*a,**k)
    for n in ("jinja_pass_arg",):
        if hasattr(f,n): setattr(g,n,getattr(f,n))
    return g
for _n in "replace wordcount trim center capitalize title upper lower string safe escape e forceescape format truncate indent".split():
    jinja2.defaults.DEFAULT_FILTERS[_n]=wrap(jinja2.defaults.DEFAULT_FILTERS[_n])
from jinja2.exceptions import TemplateError
seed=int(sys.argv[1]); n=int(sys.argv[2]); out=sys.argv[3]
R=random.Random(seed)
CTX={"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi <there> & \"you\""},{"role":"assistant","content":"","tool_calls":[{"type":"function","function":{"name":"add","arguments":{"a":1,"b":[2,3.5]}}}]},{"role":"tool","content":"4","name":"add"},{"role":"user","content":"  Ünïcode 日本 ß \n two\n"}],
"d":{"b":2,"a":1,"items":[1,2],"name":"N","nested":{"k":None,"t":True}},"l":[3,1,2,3],"ll":[[1,2],[3,4]],"e":[],"ed":{},"s":"Hello world, hello","s2":"a-b_c d\te","u":"straße ÉCOLE ǆ","n":7,"neg":-3,"f":2.5,"z":0,"t":True,"fa":False,"no":None,"strs":["b","A","c","a"],"mixed":[1,"a",None,True,2.5],"num":" 42 ","objs":[{"n":"x","v":2},{"n":"Y","v":1},{"n":"x","v":3},{"v":0}]}
def enc(v):
    if isinstance(v,dict): return {"__map":[[k,enc(x)] for k,x in v.items()]}
    if isinstance(v,list): return [enc(x) for x in v]
    return v
V=list(CTX)+["missing"]
ATTRS=["role","content","name","items","keys","a","b","nested","k","nope","n","v","length","upper","function","tool_calls","append"]
def lit(): return R.choice(["1","0","2","-1","3","10","1.5","0.0","2.0","1e3","'a'","''","'b c'","\"x'y\"","'\\n'","'é'","true","false","none","True","None","[]","{}","()","'role'","'user'","'%s'","100"])
FMT=["'%s'|format(s)","'%s-%s'|format(n,f)","'%d'|format(f)","'%5.2f|'|format(f)","'%s' % l","'%s %s' % (n, s)","'%r' % s","'%x' % n","'%05d' % n","'%-5s|' % 'a'","'%e' % f","'%(a)s' % d","'%%' % ()","'%c' % 65","'{}{}'.format(1,s)","'{0}{1}{0}'.format(n,f)","'{a}'.format(a=s)","'{:>6}|'.format(n)","'{:.2f}'.format(f)","'{:<5}|{:^5}|'.format('a','b')","'{!r}'.format(s)","'{a[b]}'.format(a=d)","'{:,}'.format(1234567)","'{:03d}'.format(n)","'{:.1%}'.format(f)","'{{}}'.format()","'{0[1]}'.format(l)","'{a.b}'.format(a=d)","'%+d' % n","'%.3s' % s","'{:x}'.format(n)","'{:*^9}'.format(s2)","'%s' % none","'%i%%' % n","'%5s|' % 'é'","'{:d}'.format(n)","'{:5}|'.format(n)","'{:5}|'.format('a')","'%g' % f","'{}'.format(none)","'{}'.format(d)","'{}'.format()"]
FILT=["abs","batch(2)","batch(2,'x')","capitalize","center(9)","count","default('D')","default('D',true)","d(1)","dictsort","dictsort(reverse=true)","dictsort(false,'value')","escape","first","float","float(1.5)","int","int(5)","int(base=16)","indent","indent(2)","indent(2,true)","indent('> ',true,true)","items","join","join(',')","join(', ',attribute='n')","join(attribute='role')","last","length","list","lower","map('upper')","map(attribute='role')","map(attribute='n',default='Q')","map('length')","map('default','x')","map('int')","max","min","max(attribute='v')","min(true)","reject","reject('none')","rejectattr('v')","rejectattr('role','equalto','user')","replace('l','L')","replace('a','')","replace('l','L',1)","replace('','-')","reverse","round","round(1)","round(1,'floor')","round(method='ceil')","select","select('string')","select('defined')","select('gt',1)","select('in',[1,2])","selectattr('role')","selectattr('role','==','user')","selectattr('role','in',['user','tool'])","selectattr('n','defined')","selectattr('v','gt',1)","slice(2)","slice(3,'z')","sort","sort(reverse=true)","sort(attribute='v')","sort(case_sensitive=true)","sort(attribute='n,v')","string","sum","sum(attribute='v')","sum(start=10)","title","tojson","tojson(indent=2)","tojson(indent=4,ensure_ascii=false)","tojson(ensure_ascii=true)","tojson(separators=(',',':'))","tojson(sort_keys=true)","trim","trim('a')","trim('Hd')","truncate(8)","truncate(8,true)","truncate(5,true,'')","truncate(8,false,'..',0)","unique","unique(attribute='n')","unique(true)","upper","wordcount","groupby('n')","groupby('v')","attr('role')","attr('upper')","format(1)","format('a','b')","nope"]
TEST=["defined","undefined","none","string","mapping","iterable","sequence","number","integer","float","boolean","true","false","odd","even","divisibleby(3)","divisibleby 2","equalto(1)","eq 'a'","== 1","ne 1","gt 1","lt 2","ge 1","le(2)","in [1,2]","in 'abc'","sameas true","sameas none","callable","upper","lower","escaped","filter","test","greaterthan 0","lessthan(3)","none()"]
METH=["upper()","lower()","strip()","strip('H')","lstrip()","rstrip()","rstrip('o')","split()","split(' ')","split(' ',1)","split('l')","split(',')[0]","split(maxsplit=1)","rsplit(' ',1)","startswith('H')","startswith(('a','H'))","endswith('o')","replace('l','L')","replace('l','L',1)","title()","capitalize()","find('l')","find('z')","rfind('l')","index('l')","count('l')","join(['a','b'])","join(strs)","format(1,2)","format(a=1)","zfill(5)","ljust(4)","rjust(5,'.')","center(7)","isdigit()","isalpha()","isupper()","islower()","isspace()","isalnum()","istitle()","isnumeric()","isdecimal()","isascii()","swapcase()","casefold()","splitlines()","partition(' ')","rpartition('l')","removeprefix('He')","removesuffix('lo')","expandtabs(2)","items()","keys()","values()","get('a')","get('zz')","get('zz',1)","get('a').b","copy()","pop()","append(1)","index(1)","count(3)","update({})","setdefault('a',1)","find('l',4)","find('o',5,8)","startswith('e',1)","count('l',3)","keys()|list","items()|list","values()|list"]
def atom(d):
    r=R.random()
    if r<.55: return R.choice(V)
    if r<.8 or d<=0: return lit()
    if r<.86: return "[%s]"%", ".join(expr(d-1) for _ in range(R.randint(0,3)))
    if r<.9: return "{%s}"%", ".join(R.choice(["'a'","'k'","1","s","none"])+": "+expr(d-1) for _ in range(R.randint(0,2)))
    if r<.93: return "(%s,)"%expr(d-1)
    if r<.95: return "(%s, %s)"%(expr(d-1),expr(d-1))
    if r<.96: return R.choice(FMT)
    if r<.975: return R.choice(["range(3)","range(1,6,2)","range(3,0,-1)","range(n)","dict(a=1,b=s)","namespace(a=1)","dict(d,z=1)","cycler('a','b')","joiner(', ')","strftime_now('%d %b %Y')","dict([('a',1)])","range(2,2)"])
    return "(%s)"%expr(d-1)
def post(e,d):
    r=R.random()
    if r<.3: return e+"."+R.choice(ATTRS)
    if r<.6: return e+"."+R.choice(METH)
    if r<.8: return e+"["+R.choice(["0","1","-1","'a'","'role'","5","n","s","'items'","1.0","true","none","-9","missing"])+"]"
    return (e if re.match(r"^[a-z]",e) and e[:4] not in ("true","none","fals") else "s")+"["+R.choice(["1:",":2","::-1","-2:",":-1","::2","1:3","3:1:-1",":","-1:0:-1","none:2","n:","5::-2","'a':","::0",":missing"])+"]"
def expr(d):
    if d<=0: return atom(0)
    r=R.random()
    if r<.22: return atom(d)
    if r<.42: return post(atom(d-1) if R.random()<.8 else "(%s)"%expr(d-1),d)
    if r<.66:
        e=expr(d-1)
        for _ in range(R.randint(1,2)):
            e+=R.choice(["|"," | "])+R.choice(FILT)
        return e
    if r<.74: return expr(d-1)+" is "+R.choice(["","","not "])+R.choice(TEST)
    if r<.86: return expr(d-1)+" "+R.choice(["+","-","*","/","//","%","**","~","~","+","==","!=","<",">","<=",">=","in","not in","and","or"])+" "+expr(d-1)
    if r<.89: return R.choice(["not ","-","+"])+expr(d-1)
    if r<.93: return expr(d-1)+" if "+expr(d-1)+R.choice([""," else "+expr(d-1)])
    if r<.95: return expr(d-1)+R.choice([" < "," == "," >= "])+expr(d-1)+R.choice([" < "," != "," in "])+expr(d-1)
    return "(%s)"%expr(d-1)
NAMES=["x","y","w","n","m","loop","ns"]
def o(): return "{%"+R.choice(["","","-","+"])+R.choice([" "," ",""])
def cl(): return R.choice([" "," ",""])+R.choice(["","","-","+"])+"%}"
def text(): return R.choice(["a","\n"," ","  \n","\n  ","b\n","<x>",": ","\n\n","\t","","|"," {# c #} ","\n  {# c #}\n","{#- c -#}"])
def ex(d):
    return R.choice(["{{ ","{{ ","{{- ","{{"])+expr(d)+R.choice([" }}"," }}"," -}}"])
ITER=["messages","l","ll","d","d.items()","s","range(3)","objs","strs","e","missing","mixed","messages[1:]","l|reverse","d|dictsort","objs|selectattr('v')","no","messages|map(attribute='role')"]
def body(d,inloop=False,mac=False): return "".join(stmt(d-1,inloop) for _ in range(R.randint(1,3)))
def loopx():
    return "{{ loop."+R.choice(["index","index0","revindex","revindex0","first","last","length","depth","depth0","previtem","nextitem","cycle('a','b')","changed(x)","changed(x.role)","nope"])+" }}"
def stmt(d,inloop=False):
    r=R.random()
    if d<=0: return text() if r<.4 else ("{{ %s }}"%R.choice(["x","y","n","s","w","ns.a","loop.index","missing"]) if r<.8 else ex(1))
    if r<.2: return text()
    if r<.42: return ex(2)
    if inloop and r<.5: return loopx()
    if r<.6:
        s=o()+"if "+expr(2)+cl()+body(d,inloop)
        if R.random()<.3: s+=o()+"elif "+expr(1)+cl()+body(d,inloop)
        if R.random()<.5: s+=o()+"else"+cl()+body(d,inloop)
        return s+o()+"endif"+cl()
    if r<.76:
        t=R.choice(["x","x","x","x, y","k, v","(x, y)"])
        s=o()+"for "+t+" in "+(R.choice(ITER) if R.random()<.8 else expr(1))+R.choice(["","",""," if "+expr(1)," if x"," recursive"])+cl()+body(d,True)
        if R.random()<.15: s+=R.choice(["{% break %}","{% continue %}","{% if loop.index > 1 %}{% break %}{% endif %}","{% if x is string %}{% continue %}{% endif %}"])+text()
        if R.random()<.06: s+="{{ loop(x) }}"
        if R.random()<.2: s+=o()+"else"+cl()+body(d,inloop)
        return s+o()+"endfor"+cl()
    if r<.86:
        return o()+"set "+R.choice(["x","y","w","n2","x, y","ns.a","ns"])+" = "+R.choice([expr(2),"namespace(a=%s)"%expr(0),expr(1)])+cl()
    if r<.89: return o()+"set x"+R.choice(["","|upper"," | trim | title"])+cl()+body(d,inloop)+o()+"endset"+cl()
    if r<.93:
        nm=R.choice(["m","mm"])
        return o()+"macro "+nm+"("+R.choice(["","x","x, y","x, y=1","x='q', y=x","x=n"])+")"+cl()+body(d)+R.choice(["","{{ varargs }}","{{ kwargs }}","{{ caller() }}","{{ m.name }}"] if R.random()<.3 else [""])+o()+"endmacro"+cl()+"{{ "+nm+"("+R.choice(["","1","s, 2","x=1","y=2, x=s","1, y=3","1, 2, 3","q=1"])+") }}"
    if r<.95: return o()+"with "+R.choice(["x = 1","x = s, y = x","w=n"])+cl()+body(d,inloop)+o()+"endwith"+cl()
    if r<.96: return o()+"filter "+R.choice(["upper","trim|title","indent(2)","replace('a','b')"])+cl()+body(d,inloop)+o()+"endfilter"+cl()
    if r<.975: return o()+"generation"+cl()+body(d,inloop)+o()+"endgeneration"+cl()
    if r<.985: return o()+"raw"+cl()+R.choice(["{{ x }}","  {% if %}\n","{#","\n a\n "])+o()+"endraw"+cl()
    if r<.99: return "{% call m("+R.choice(["","1"])+") %}"+body(d)+"{% endcall %}"
    return "{{ raise_exception(%s) }}"%R.choice(["'no'","s","n","missing",""])
def clean(e): return re.sub(r"\s+"," ",str(e))[:120]
seen=set(); rows=[]
import warnings; warnings.simplefilter("ignore")
while len(rows)<n:
    if R.random()<.5: t="{{ "+expr(R.randint(1,3))+" }}"
    else: t="".join(stmt(R.randint(1,3)) for _ in range(R.randint(1,3)))
    if t in seen or len(t)>160: continue
    seen.add(t)
    try:
        res=c._cached_compile_jinja_template(t).render(**json.loads(json.dumps(CTX)))
        if "generator" in res.lower() or re.search(r"(?i)0x[0-9a-f]{6}|object at|<function|<bound|<built-in|<class|<Macro|<Cycler|<module|<Joiner|<jinja2|<Namespace|Markup\(",res) or len(res)>300: continue
        rows.append([t,"text",res])
    except Skip: continue
    except jinja2.exceptions.TemplateError as e:
        rows.append([t,"raised",str(e.message) if e.message is not None else ""] if type(e) is TemplateError else [t,"refused",""])
    except Exception: rows.append([t,"refused",""])
# A third of refusals says enough.
rows=[r for k,r in enumerate(rows) if r[1]!="refused" or k%3==0]
with open(out,"w") as fh:
    fh.write('{"names":'+json.dumps({k:enc(v) for k,v in CTX.items()},ensure_ascii=False)+',\n"cases":[\n'+",\n".join(json.dumps(r,ensure_ascii=False,separators=(",",":")) for r in rows)+"\n]}\n")
