"""Code with things in it that go over several lines."""

SAMPLES: dict[str, str] = {}
SAMPLES["yaml"] = """# comment
version: "3.9"
services:
  web:
    image: "nginx:latest"
    ports: [80, 443]
    command: |
      echo "hello: world"
      key: not a key
        deeper # not comment
    env: >-
      folded text: a
      b
    quoted: "a multi
      line string"
    single: 'multi
      line'
    plain: some text
      continued
  db: {image: postgres, tag: 15}
---
list:
  - a: 1
    b: true
  - &anchor c
  - *anchor
"""
SAMPLES["bash"] = """#!/bin/bash
cat <<EOF > file
hello $USER "quoted
# not a comment
for i in x
EOF
cat <<-'END'
	tabbed 'quote
	END
echo "multi
line $HOME"
echo 'single
multi'
x=$((1<<2))
grep foo <<< "here"
echo `date
now`
if true; then echo ok; fi  # comment
"""
SAMPLES["ruby"] = """def a
  x = <<~SQL
    select * from "t
    def
  SQL
  y = "multi
  line"
  arr << item
end
=begin
comment def
=end
puts %w[a
b]
"""
SAMPLES["perl"] = """my $x = <<"EOT";
hello if
EOT
=pod

text if

=cut
print "multi
line";
"""
SAMPLES["php"] = """<?php
$x = <<<EOT
hello $name
if
EOT;
/* comment
if */
echo "multi
line";
function a() { return 1; }
"""
SAMPLES["python"] = '''def f():
    """doc
    if for
    """
    x = f\'\'\'a
    {x}
    \'\'\'
    return (1,
      2)
'''
SAMPLES["javascript"] = """const a = `multi ${x +
 y} line
if`;
/* c
if */
const r = /a\\/b/g;
"""
SAMPLES["typescript"] = """interface A<T> { a: string; /* c
 if */ b?: number }
const a = `x
${b}
`;
"""
SAMPLES["html"] = """<!DOCTYPE html>
<html><head><style>
body { color: red; /* c
 c */ }
</style>
<script>
const a = `x
if`;
/* c
if */
function f() { return 1; }
</script></head>
<!-- comment
<b> -->
<body class="a
b">
text</body></html>
"""
SAMPLES["css"] = """a { color: red; }
/* x
 b { } */
@media (min-width: 1px) { a { b: c } }
"""
SAMPLES["sql"] = """select 'multi
line if' from t -- c
/* x
select */
where a = 1
"""
SAMPLES["java"] = '''/** doc
 * if
 */
class A { String s = """
  text if
  """; int x = 1; }
'''
SAMPLES["c"] = """#define A \\
  foo(if)
/* x
 if */
int main(void) { return 0; }
"""
SAMPLES["rust"] = """/* a /* nested
*/ if */
fn main() { let s = "multi
line"; let r = r#"raw
if"#; }
"""
SAMPLES["go"] = """/* c
if */
var s = `raw
if`
func main() {}
"""
SAMPLES["toml"] = '''[a]
x = """
multi = 1
"""
y = \'\'\'
lit # x
\'\'\'
z = [1,
 2]
'''
SAMPLES["json"] = """{
  "a": "b",
  "c": [1,
   true, null]
}
"""
SAMPLES["markdown"] = """# Head
text **bold
more**
```python
def f():
    return 1
```
- list
"""
SAMPLES["dockerfile"] = """FROM x
RUN apt-get update \\
  && apt-get install "x" \\
  && echo hi
RUN <<EOF
echo hi
EOF
CMD ["a"]
"""
SAMPLES["diff"] = """--- a
+++ b
@@ -1 +1 @@
-x
+y
"""
SAMPLES["lua"] = """--[[ c
if ]]
local s = [[multi
if]]
--[==[ x
]==]
"""
SAMPLES["elixir"] = '''def a do
  """
  doc if
  """
  ~s(a
  b)
end
'''
SAMPLES["powershell"] = """<# c
if #>
$x = @"
multi if
"@
Write-Host "a"
"""
SAMPLES["haskell"] = """{- c
if -}
main = putStrLn "a"
"""
SAMPLES["swift"] = '''/* a
*/
let s = """
multi if
"""
'''
SAMPLES["kotlin"] = '''val s = """
multi if
"""
/* c
*/
fun a() {}
'''
SAMPLES["scala"] = '''val s = """
multi if
"""
'''
SAMPLES["csharp"] = '''var s = @"multi
if";
var r = """
raw
""";
/* c
*/
'''
SAMPLES["cpp"] = """auto s = R"(raw
if)";
/* c
*/
"""
SAMPLES["makefile"] = """all: a \\
  b
\techo "x" \\
\t  y
define X
a
endef
"""
SAMPLES["latex"] = """\\begin{verbatim}
\\foo
\\end{verbatim}
$a +
b$
% c
"""
SAMPLES["console"] = """$ cat <<EOF
> hi
> EOF
output
"""
SAMPLES["r"] = """x <- "multi
if"
f <- function(a) { a }
"""
SAMPLES["terraform"] = """resource "a" "b" {
  x = <<EOF
hello "if
EOF
  /* c
  */
}
"""
SAMPLES["ini"] = "[a]\nx=1\n; c\n"
SAMPLES["xml"] = """<a b="c
d"><!-- x
y --><![CDATA[ z
if ]]></a>
"""
SAMPLES["julia"] = '''"""
doc if
"""
function f() end
#= c
if =#
'''
SAMPLES["dart"] = '''var s = """
multi if
""";
'''
SAMPLES["graphql"] = '''"""
doc
"""
type A { a: Int }
'''
SAMPLES["nix"] = """x = ''
multi if
'';
/* c
*/
"""
SAMPLES["ocaml"] = """(* c
let *)
let s = "multi
let"
"""
SAMPLES["vue"] = """<template>
<div>{{ a }}</div>
</template>
<script>
export default { /* x
 y */ }
</script>
"""
SAMPLES["jsx"] = """const A = () => (
  <div className="a">
    {/* c
    c */}
    text
  </div>
);
"""
