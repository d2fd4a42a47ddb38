#!/usr/bin/env python3
"""Makes NotoSansSC-subset.ttf: pip install fonttools, then subset.py NotoSansSC-Regular.ttf.

The regular static TrueType of Noto Sans SC, as Google Fonts has it. What stays: every character of
the texts in ../i18n, and of GB 2312 the signs and level 1, the 3755 common characters. Run it again
when a test names a character of a new text that the font lacks.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).resolve().parent

characters = set()
for row in [*range(1, 10), *range(16, 56)]:
    for cell in range(1, 95):
        try:
            characters.add(bytes([0xA0 + row, 0xA0 + cell]).decode("gb2312"))
        except UnicodeDecodeError:
            pass  # a place without a character
for texts in HERE.parent.glob("i18n/*.*"):
    characters |= set(texts.read_text(encoding="utf-8"))


def is_wanted(character):
    """Latin letters are drawn with the window's own font; other scripts are no part of Chinese."""
    code = ord(character)
    others = [(0x00, 0x7E), (0x370, 0x4FF), (0x2500, 0x257F), (0x3041, 0x30FF)]
    return not any(first <= code <= last for first, last in others)


options = subset.Options()
options.layout_features = []
options.hinting = False
options.glyph_names = False
options.notdef_outline = True
options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
options.drop_tables += ["vhea", "vmtx", "GPOS", "GSUB", "GDEF", "BASE", "VORG", "DSIG", "gasp", "STAT"]

font = TTFont(sys.argv[1])
subsetter = subset.Subsetter(options)
subsetter.populate(unicodes=sorted(ord(c) for c in characters if is_wanted(c)))
subsetter.subset(font)
font.save(HERE / "NotoSansSC-subset.ttf")
