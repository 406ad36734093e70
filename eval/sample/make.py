"""Renders the sources in src/ into workspace/: PDF, DOCX and text in other encodings, the same bytes each time.

src/DIR/NAME.pdf.md    -> workspace/DIR/NAME.pdf    (needs reportlab)
src/DIR/NAME.docx.md   -> workspace/DIR/NAME.docx   (needs python-docx)
src/DIR/NAME.ENCODING.txt -> workspace/DIR/NAME.txt in that encoding

The sources are Markdown with headings, paragraphs, lists and tables; a head between `---` lines may
set header (running head), font (Helvetica or Times) and columns (PDF only).
"""

import datetime
import io
import re
import sys
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

HERE = Path(__file__).parent
DATE = datetime.datetime(2025, 9, 1, 9, 0, 0)


def main():
    for source in sorted((HERE / "src").rglob("*")):
        if source.is_dir():
            continue
        name, kind, _ = source.name.rsplit(".", 2)
        folder = HERE / "workspace" / source.parent.relative_to(HERE / "src")
        folder.mkdir(parents=True, exist_ok=True)
        text = source.read_text("utf-8")
        if kind == "pdf":
            data, target = pdf(*read(text)), folder / f"{name}.pdf"
        elif kind == "docx":
            data, target = docx(*read(text)), folder / f"{name}.docx"
        else:
            data, target = text.encode(kind), folder / f"{name}.txt"
        target.write_bytes(data)
        print(f"{target.relative_to(HERE)}: {len(data)} bytes")


def read(text):
    """Splits a source into its head and its blocks: (kind, value) in reading order."""
    head = {}
    if text.startswith("---\n"):
        raw, text = text[4:].split("\n---\n", 1)
        head = dict(line.split(": ", 1) for line in raw.splitlines())
    blocks = []
    for line in text.splitlines():
        previous = blocks[-1] if blocks else ("", None)
        if not line.strip():
            blocks.append(("gap", None))
        elif mark := re.match(r"(#+) (.*)", line):
            blocks.append((f"h{len(mark[1])}", mark[2]))
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if set("".join(cells)) <= set("-: "):
                continue
            if previous[0] == "table":
                previous[1].append(cells)
            else:
                blocks.append(("table", [cells]))
        elif mark := re.match(r"- (.*)", line):
            blocks.append(("bullet", mark[1]))
        elif mark := re.match(r"(\d+)\. (.*)", line):
            blocks.append(("number", (mark[1], mark[2])))
        elif previous[0] == "p":
            blocks[-1] = ("p", previous[1] + " " + line)
        else:
            blocks.append(("p", line))
    return head, [block for block in blocks if block[0] != "gap"]


def runs(text):
    """Cuts inline marks: (text, style) with style in {"", "b", "i", "code"}."""
    styles = {"**": "b", "*": "i", "`": "code"}
    for part in re.split(r"(\*\*.+?\*\*|\*[^* ][^*]*\*|`[^`]+`)", text):
        for mark, style in styles.items():
            if len(part) > 2 * len(mark) and part.startswith(mark) and part.endswith(mark):
                yield part[len(mark):-len(mark)], style
                break
        else:
            if part:
                yield part, ""


def pdf(head, blocks):
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import mm
    from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Paragraph, Spacer, Table

    times = head.get("font") == "Times"
    body, bold = ("Times-Roman", "Times-Bold") if times else ("Helvetica", "Helvetica-Bold")
    base = ParagraphStyle("p", fontName=body, fontSize=10.5, leading=14.5, spaceAfter=6)
    small = ParagraphStyle("cell", parent=base, fontSize=9.5, leading=12, spaceAfter=0)
    styles = {
        "p": base,
        "h1": ParagraphStyle("h1", parent=base, fontName=bold, fontSize=19, leading=24, spaceAfter=10),
        "h2": ParagraphStyle("h2", parent=base, fontName=bold, fontSize=13.5, leading=17, spaceBefore=12, keepWithNext=1),
        "h3": ParagraphStyle("h3", parent=base, fontName=bold, fontSize=11, leading=14, spaceBefore=8, keepWithNext=1),
        "item": ParagraphStyle("item", parent=base, leftIndent=16, bulletIndent=3, spaceAfter=3),
    }

    def mark(text):
        tags = {"b": "<b>%s</b>", "i": "<i>%s</i>", "code": '<font face="Courier">%s</font>', "": "%s"}
        return "".join(tags[style] % escape(part) for part, style in runs(text))

    left, width, height = 22 * mm, A4[0] - 44 * mm, A4[1] - 46 * mm
    columns = int(head.get("columns", "1"))
    gap = 8 * mm
    column = (width - gap * (columns - 1)) / columns
    flow = []
    for kind, value in blocks:
        if kind == "table":
            rows = [[Paragraph(mark(cell), small) for cell in row] for row in value]
            table = Table(rows, colWidths=[column / len(value[0])] * len(value[0]), repeatRows=1)
            table.setStyle([
                ("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
                ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ])
            flow += [table, Spacer(1, 8)]
        elif kind == "bullet":
            flow.append(Paragraph(mark(value), styles["item"], bulletText="•"))
        elif kind == "number":
            flow.append(Paragraph(mark(value[1]), styles["item"], bulletText=f"{value[0]}."))
        else:
            flow.append(Paragraph(mark(value), styles[kind]))

    def page(canvas, document):
        canvas.setFont(body, 8)
        canvas.drawString(left, A4[1] - 14 * mm, head.get("header", ""))
        canvas.drawRightString(A4[0] - left, 12 * mm, f"Page {document.page}")

    frames = [Frame(left + n * (column + gap), 22 * mm, column, height, 0, 0, 0, 0) for n in range(columns)]
    title = next(value for kind, value in blocks if kind == "h1")
    out = io.BytesIO()
    document = BaseDocTemplate(out, pagesize=A4, invariant=1, title=title, author="Isbrecke Instruments B.V.")
    document.addPageTemplates(PageTemplate(frames=frames, onPage=page))
    document.build(flow)
    return out.getvalue()


def docx(head, blocks):
    from docx import Document

    document = Document()
    core = document.core_properties
    core.author, core.last_modified_by = "Isbrecke Instruments B.V.", ""
    core.created = core.modified = DATE
    core.comments = ""
    core.title = next(value for kind, value in blocks if kind == "h1")
    document.sections[0].header.paragraphs[0].text = head.get("header", "")

    def write(paragraph, text):
        for part, style in runs(text):
            run = paragraph.add_run(part)
            run.bold, run.italic = style == "b" or None, style == "i" or None
            if style == "code":
                run.font.name = "Courier New"

    for kind, value in blocks:
        if kind == "table":
            table = document.add_table(rows=0, cols=len(value[0]), style="Table Grid")
            for row in value:
                for cell, text in zip(table.add_row().cells, row):
                    write(cell.paragraphs[0], text)
            document.add_paragraph()
        elif kind == "bullet":
            write(document.add_paragraph(style="List Bullet"), value)
        elif kind == "number":
            write(document.add_paragraph(style="List Number"), value[1])
        elif kind == "p":
            write(document.add_paragraph(), value)
        else:
            document.add_heading(value, level=int(kind[1]))

    raw, out = io.BytesIO(), io.BytesIO()
    document.save(raw)
    with zipfile.ZipFile(raw) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            entry = zipfile.ZipInfo(name, DATE.timetuple()[:6])
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o600 << 16, 3
            after.writestr(entry, before.read(name))
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
