"""Tables in Markdown: a row group, and the growth with the size of the city."""
import sys


def show(value):
    if isinstance(value, (tuple, list)):
        return f"{value[0]:.2f} ({value[1]:.2f}-{value[2]:.2f})"
    return f"{value:,.0f}" if isinstance(value, (int, float)) and abs(value) >= 1000 else f"{value:.2f}"


def print_rows(title, rows):
    print(f"\n### {title}\n\n| figure | value |\n|---|---|")
    for k, v in rows.items():
        print(f"| {k} | {show(v)} |")
    sys.stdout.flush()


def print_growth(results, sizes):
    """The same figures side by side at every size: cost must grow as the work does."""
    sizes = [n for n in sizes if str(n) in results]
    print("\n### By size\n\n| figure | " + " | ".join(f"{n:,}" for n in sizes) + " |\n|---|" + "---|" * len(sizes))
    names = [(row, figure) for row in results[str(sizes[0])] for figure in results[str(sizes[0])][row]]
    for row, figure in names:
        cells = [results[str(n)].get(row, {}).get(figure) for n in sizes]
        print(f"| {row} {figure} | " + " | ".join("-" if c is None else show(c) for c in cells) + " |")
