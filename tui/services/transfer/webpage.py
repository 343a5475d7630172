"""A conversation as part of one HTML page that needs nothing else: no script, no address, no file."""

import base64
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from tui.domain.conversation import Attachment, Message, Role, active_path
from tui.domain.text import sanitize, sanitize_line
from tui.domain.whole import WholeConversation
from tui.services.transfer.readable import described, ending, figures, speaker, text_of, thought, when

_POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
_PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"})

_STYLE: Final = """
:root { color-scheme: light dark; --text: #1f2430; --dim: #5f6675; --back: #fbfbfa; --box: #f0f0ee;
  --rule: #d8d8d4; --link: #2457a6; }
@media (prefers-color-scheme: dark) {
  :root { --text: #d9dce3; --dim: #979eac; --back: #16181d; --box: #21242b; --rule: #343842;
    --link: #8db4f0; }
}
body { margin: 0 auto; max-width: 50rem; padding: 1.5rem; background: var(--back); color: var(--text);
  font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.3; }
article + article { margin-top: 4rem; border-top: 3px double var(--rule); }
section { border-top: 1px solid var(--rule); padding: .75rem 0; }
header { display: flex; gap: 1rem; justify-content: space-between; font-weight: 600; }
time, .about, .ending, figcaption, summary { color: var(--dim); font-size: .875rem; font-weight: 400; }
.user { background: var(--box); border-radius: .5rem; border: 0; padding: .75rem 1rem; }
pre { background: var(--box); padding: .75rem; border-radius: .5rem; overflow-x: auto; }
code { font-family: ui-monospace, monospace; font-size: .9em; }
blockquote { margin-left: 0; padding-left: 1rem; border-left: 3px solid var(--rule); color: var(--dim); }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--rule); padding: .25rem .75rem; }
a { color: var(--link); }
img { max-width: 100%; border-radius: .5rem; }
figure { margin: .5rem 0; }
.thinking { white-space: pre-wrap; color: var(--dim); }
"""


def page_head(title: str) -> str:
    """Return how a page begins."""
    return (
        '<!doctype html>\n<html lang="und">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_line(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
    )


def page_foot() -> str:
    """Return how a page ends."""
    return "</body>\n</html>\n"


def render_article(whole: WholeConversation) -> str:
    """Return the branch of a conversation that is shown, as a part of a page."""
    conversation = whole.conversation
    about = " · ".join(part for part in (when(conversation.created_at), conversation.model) if part)
    parts = [f"<article>\n<h1>{_line(conversation.title)}</h1>\n"]
    if about:
        parts.append(f'<p class="about">{_line(about)}</p>\n')
    if conversation.system.strip():
        parts.append(_folded("System prompt", conversation.system))
    for message in active_path(whole.messages, conversation.active_leaf):
        parts.append(_section(message, whole.attachments))
    parts.append("</article>\n")
    return "".join(parts)


def _section(message: Message, attachments: Mapping[str, bytes]) -> str:
    kind = "user" if message.role is Role.USER else "answer"
    parts = [
        f'<section class="{kind}">\n<header><span>{_line(speaker(message))}</span>'
        f"<time>{_line(when(message.created_at))}</time></header>\n"
    ]
    if message.thinking.strip():
        parts.append(_folded(thought(message), message.thinking))
    parts.append(_markdown().render(sanitize(message.content)))
    parts += [_attached(attachment, attachments) for attachment in message.attachments]
    if message.tool_calls:
        parts.append(f"<pre><code>{escape(sanitize(message.tool_calls))}</code></pre>\n")
    last = " · ".join(part for part in (ending(message), figures(message)) if part)
    if last:
        parts.append(f'<p class="ending">{_line(last)}</p>\n')
    parts.append("</section>\n")
    return "".join(parts)


def _attached(attachment: Attachment, attachments: Mapping[str, bytes]) -> str:
    text, data = text_of(attachment, attachments), attachments.get(attachment.digest)
    if text is not None:
        summary = _line(described(attachment))
        return f"<details><summary>{summary}</summary><pre><code>{escape(text)}</code></pre></details>\n"
    caption = f"<figcaption>{_line(described(attachment))}</figcaption>"
    if data is None or attachment.media_type not in _PICTURES:
        return f"<figure>{caption}</figure>\n"
    source = f"data:{attachment.media_type};base64,{base64.b64encode(data).decode()}"
    return f'<figure><img src="{source}" alt="{_line(attachment.name)}">{caption}</figure>\n'


def _folded(summary: str, text: str) -> str:
    body = escape(sanitize(text).strip())
    return f'<details><summary>{_line(summary)}</summary><div class="thinking">{body}</div></details>\n'


def _line(text: str) -> str:
    return escape(sanitize_line(text))


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    markdown.add_render_rule("image", _image)
    markdown.add_render_rule("link_open", _link)
    return markdown


def _image(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """Return a picture's words and address: the page loads nothing from anywhere."""
    token = tokens[index]
    words = renderer.renderInlineAsText(token.children, options, env)
    return f"[{escape(words)}: {escape(str(token.attrs.get('src', ''))[:500])}]"


def _link(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    tokens[index].attrSet("rel", "noopener noreferrer")
    return renderer.renderToken(tokens, index, options, env)
