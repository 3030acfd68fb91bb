"""What a page holds, as text."""


def html_of(app) -> str:
    """All own HTML of a page, in order."""
    return "\n".join(str(block.value) for block in app.get("html"))
