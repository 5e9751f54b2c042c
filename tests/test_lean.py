"""The script and style that a file carries mean what they meant."""

import re
import shutil
import subprocess

import pytest

from geo.maps import page
from geo.maps.lean import lean_script, lean_style


@pytest.mark.parametrize(
    ("written", "lean"),
    [
        ("const a = b + c; // why\n", "const a=b+c;\n"),
        ("  return x ? -1 : +y;\n", "return x?-1:+y;\n"),
        ("a + +b - -c;\n", "a+ +b- -c;\n"),
        ('say("a  //  b", \'c "  d\');\n', 'say("a  //  b",\'c "  d\');\n'),
        ("`${ a ? `x  ${b} y` : { c: 1 } }  \\` z`;\n", "`${ a ? `x  ${b} y` : { c: 1 } }  \\` z`;\n"),
        ("x.replace(/[/ ]  \\/ '/g, y) / 2 / z;\n", "x.replace(/[/ ]  \\/ '/g,y)/2/z;\n"),
        ("if (/ x/.test(y)) return /  /;\n", "if(/ x/.test(y))return/  /;\n"),
        ("for (const [k, v] of list) f(k in v);\n", "for(const[k,v]of list)f(k in v);\n"),
        ("// alone\n\n  async (x) => await y;\n", "async(x)=>await y;\n"),
    ],
)
def test_blanks_and_comments_go_and_texts_stay(written, lean):
    assert lean_script(written) == lean


def test_style_keeps_what_is_quoted():
    written = '/* a */\n.a .b:is(i, b) {\n  content: "x ; {  y";\n  margin: 0 1px; /* b */\n}\n'
    written += "\n.c,\n.d {\n  top: 0;\n}\n"
    assert lean_style(written) == '.a .b:is(i, b){content:"x ; {  y";margin:0 1px;}.c,.d{top:0;}'


def test_the_pages_own_texts_are_all_still_there():
    sources = "\n".join(page._text(f"page_{name}.js") for name in page._SCRIPTS)
    texts = re.findall(r'"(?:[^"\\\n]|\\.)*"', re.sub(r"(?m)^\s*//.*$", "", sources))
    script = page.page_script()
    assert len(texts) > 1000
    assert [text for text in texts if text not in script] == []
    assert len(script) < 0.95 * len(sources)


@pytest.mark.skipif(shutil.which("node") is None, reason="no node")
def test_the_script_is_still_a_script(tmp_path):
    path = tmp_path / "page.js"
    path.write_text(page.page_script(), encoding="utf-8")
    checked = subprocess.run(["node", "--check", path], capture_output=True, text=True, check=False)
    assert checked.stderr == ""
