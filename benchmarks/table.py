"""Markdown tables on stdout."""


def show(columns: list[str], rows: list[list[object]]) -> None:
    texts = [columns, *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[i]) for row in texts) for i in range(len(columns))]

    def line(row: list[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"

    print(line(texts[0]))
    print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    for row in texts[1:]:
        print(line(row), flush=True)
