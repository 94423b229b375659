//! The two faces, their widths, and the glyphs that a document uses of them.

use std::collections::{BTreeMap, BTreeSet};

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish, Name, Pdf, Rect, Ref, Str};
use subsetter::GlyphRemapper;

use super::units::{UNIT, float};

const REGULAR: &[u8] = include_bytes!("../../fonts/NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../fonts/NotoSans-Bold.ttf");

const IDENTITY: SystemInfo<'static> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

/// A face and what is used of it.
pub(super) struct Font {
    data: &'static [u8],
    face: ttf_parser::Face<'static>,
    used: GlyphRemapper,
    /// Character and width by glyph number in the file.
    glyphs: BTreeMap<u16, (char, i32)>,
    name: &'static str,
    bold: bool,
}

/// Both faces.
pub(super) struct Fonts {
    regular: Font,
    bold: Font,
    /// Characters that the faces do not have.
    pub(super) missing: BTreeSet<char>,
}

impl Fonts {
    /// None when the embedded files cannot be read.
    pub(super) fn load() -> Option<Self> {
        Some(Self {
            regular: Font::load(REGULAR, "USNCAA+NotoSans-Regular", false)?,
            bold: Font::load(BOLD, "USNCAB+NotoSans-Bold", true)?,
            missing: BTreeSet::new(),
        })
    }

    fn font(&self, bold: bool) -> &Font {
        if bold { &self.bold } else { &self.regular }
    }

    /// Width of a text of this size, both in thousandths of a point.
    pub(super) fn width(&self, text: &str, bold: bool, size: i32) -> i32 {
        let font = self.font(bold);
        let advance: i32 = text.chars().map(|c| font.advance(c)).sum();
        i32::try_from(i64::from(advance) * i64::from(size) / 1_000).unwrap_or(i32::MAX)
    }

    /// Glyph numbers as the file shows them, two bytes each.
    pub(super) fn encode(&mut self, text: &str, bold: bool) -> Vec<u8> {
        let font = if bold { &mut self.bold } else { &mut self.regular };
        let mut out = Vec::with_capacity(text.len() * 2);
        for c in text.chars() {
            if font.face.glyph_index(c).is_none() {
                self.missing.insert(c);
            }
            out.extend(font.glyph(c).to_be_bytes());
        }
        out
    }

    /// Writes the regular face as `ids[0..5]` and the bold one as `ids[5..10]`. None when a face cannot be cut.
    pub(super) fn write(&self, pdf: &mut Pdf, ids: &[Ref; 10]) -> Option<()> {
        let [r0, r1, r2, r3, r4, b0, b1, b2, b3, b4] = *ids;
        self.regular.write(pdf, [r0, r1, r2, r3, r4])?;
        self.bold.write(pdf, [b0, b1, b2, b3, b4])
    }
}

impl Font {
    fn load(data: &'static [u8], name: &'static str, bold: bool) -> Option<Self> {
        let face = ttf_parser::Face::parse(data, 0).ok()?;
        (face.units_per_em() == 1_000).then(|| Self {
            data,
            face,
            used: GlyphRemapper::new(),
            glyphs: BTreeMap::new(),
            name,
            bold,
        })
    }

    fn advance(&self, c: char) -> i32 {
        let glyph = self.face.glyph_index(c).unwrap_or_default();
        i32::from(self.face.glyph_hor_advance(glyph).unwrap_or_default())
    }

    fn glyph(&mut self, c: char) -> u16 {
        let glyph = self.face.glyph_index(c).unwrap_or_default();
        let number = self.used.remap(glyph.0);
        let advance = self.advance(c);
        // The box that stands for a missing character is no character.
        let shown = if number == 0 { '\u{fffd}' } else { c };
        self.glyphs.entry(number).or_insert((shown, advance));
        number
    }

    fn write(&self, pdf: &mut Pdf, ids: [Ref; 5]) -> Option<()> {
        let [font, cid, descriptor, cmap, file] = ids;
        let name = Name(self.name.as_bytes());
        pdf.type0_font(font)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(cmap);
        let mut cid_font = pdf.cid_font(cid);
        cid_font
            .subtype(CidFontType::Type2)
            .base_font(name)
            .system_info(IDENTITY)
            .font_descriptor(descriptor)
            .default_width(float(0))
            .cid_to_gid_map_predefined(Name(b"Identity"));
        let mut widths = cid_font.widths();
        for (number, (_, advance)) in &self.glyphs {
            widths.consecutive(*number, [float(advance * UNIT)]);
        }
        widths.finish();
        cid_font.finish();
        self.describe(pdf, descriptor, file);
        let mut map = UnicodeCmap::<u16>::new(Name(b"Usance"), IDENTITY);
        for (number, (c, _)) in &self.glyphs {
            map.pair(*number, *c);
        }
        let map = super::deflate(&map.finish());
        pdf.cmap(cmap, &map).filter(Filter::FlateDecode);
        let subset = subsetter::subset(self.data, 0, &self.used).ok()?;
        let length = i32::try_from(subset.len()).ok()?;
        let packed = super::deflate(&subset);
        let mut stream = pdf.stream(file, &packed);
        stream.filter(Filter::FlateDecode);
        stream.pair(Name(b"Length1"), length);
        Some(())
    }

    fn describe(&self, pdf: &mut Pdf, id: Ref, file: Ref) {
        let of = |value: i16| float(i32::from(value) * UNIT);
        let bounds = self.face.global_bounding_box();
        pdf.font_descriptor(id)
            .name(Name(self.name.as_bytes()))
            .flags(FontFlags::NON_SYMBOLIC)
            .bbox(Rect::new(
                of(bounds.x_min),
                of(bounds.y_min),
                of(bounds.x_max),
                of(bounds.y_max),
            ))
            .italic_angle(float(0))
            .ascent(of(self.face.ascender()))
            .descent(of(self.face.descender()))
            .cap_height(of(self.face.capital_height().unwrap_or(714)))
            .stem_v(of(if self.bold { 140 } else { 80 }))
            .font_file2(file);
    }
}
