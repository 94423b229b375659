//! Pages, fonts and the structure tree as the objects of a file.

use pdf_writer::types::{StructRole, TabOrder, TableHeaderScope};
use pdf_writer::{Filter, Finish, Name, Pdf, Rect, Ref, Settings, TextStr};

use super::deflate;
use super::page::{Kid, Sheet};
use super::units::float;
use crate::model::Model;

struct Ids(i32);

impl Ids {
    fn next(&mut self) -> Ref {
        self.0 += 1;
        Ref::new(self.0)
    }

    fn many(&mut self, count: usize) -> Vec<Ref> {
        (0..count).map(|_| self.next()).collect()
    }
}

struct Refs {
    catalog: Ref,
    pages: Ref,
    info: Ref,
    metadata: Ref,
    root: Ref,
    fonts: [Ref; 10],
    page: Vec<Ref>,
    content: Vec<Ref>,
    marks: Vec<Ref>,
    nodes: Vec<Ref>,
}

/// The bytes; none when a font cannot be cut.
pub(super) fn write(sheet: Sheet, model: &Model) -> Option<Vec<u8>> {
    let mut ids = Ids(0);
    let count = sheet.pages.len();
    let refs = Refs {
        catalog: ids.next(),
        pages: ids.next(),
        info: ids.next(),
        metadata: ids.next(),
        root: ids.next(),
        fonts: std::array::from_fn(|_| ids.next()),
        page: ids.many(count),
        content: ids.many(count),
        marks: ids.many(count),
        nodes: ids.many(sheet.nodes.len()),
    };
    let mut pdf = Pdf::with_settings(Settings { pretty: false });
    pdf.set_version(1, 7);
    catalog(&mut pdf, &refs, model);
    structure(&mut pdf, &refs, &sheet);
    sheet.fonts.write(&mut pdf, &refs.fonts)?;
    let (width, height) = (float(sheet.width), float(sheet.height));
    for (at, page) in sheet.pages.into_iter().enumerate() {
        let mut object = pdf.page(refs.page[at]);
        object
            .parent(refs.pages)
            .media_box(Rect::new(float(0), float(0), width, height))
            .contents(refs.content[at])
            .struct_parents(i32::try_from(at).ok()?)
            .tab_order(TabOrder::StructureOrder);
        object
            .resources()
            .fonts()
            .pair(Name(b"R"), refs.fonts[0])
            .pair(Name(b"B"), refs.fonts[5]);
        object.finish();
        let packed = deflate(&page.content.finish());
        pdf.stream(refs.content[at], &packed).filter(Filter::FlateDecode);
    }
    Some(pdf.finish())
}

fn catalog(pdf: &mut Pdf, refs: &Refs, model: &Model) {
    let language = model.locale.tag();
    let mut catalog = pdf.catalog(refs.catalog);
    catalog
        .pages(refs.pages)
        .lang(TextStr(language))
        .metadata(refs.metadata);
    catalog.mark_info().marked(true);
    catalog.viewer_preferences().display_doc_title(true);
    catalog.pair(Name(b"StructTreeRoot"), refs.root);
    catalog.finish();
    let pages = i32::try_from(refs.page.len()).unwrap_or(i32::MAX);
    pdf.pages(refs.pages).kids(refs.page.iter().copied()).count(pages);
    pdf.document_info(refs.info)
        .title(TextStr(&model.title))
        .producer(TextStr("Usance documents"));
    let text = metadata(&model.title, language);
    pdf.metadata(refs.metadata, text.as_bytes());
}

/// Title and language once more, in the form that archives read.
fn metadata(title: &str, language: &str) -> String {
    let title = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\
         <dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">{title}</rdf:li></rdf:Alt></dc:title>\
         <dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>\
         </rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>"
    )
}

fn structure(pdf: &mut Pdf, refs: &Refs, sheet: &Sheet) {
    let mut root = pdf
        .indirect(refs.root)
        .start::<pdf_writer::writers::StructTreeRoot<'_>>();
    root.child(refs.nodes[0]);
    let mut tree = root.parent_tree();
    let mut numbers = tree.nums();
    for (key, marks) in (0..).zip(&refs.marks) {
        numbers.insert(key, *marks);
    }
    numbers.finish();
    tree.finish();
    root.parent_tree_next_key(i32::try_from(refs.marks.len()).unwrap_or(i32::MAX));
    root.finish();
    for (page, marks) in sheet.pages.iter().zip(&refs.marks) {
        let nodes = page.marks.iter().map(|node| refs.nodes[*node]);
        pdf.indirect(*marks).array().items(nodes);
    }
    for (at, node) in sheet.nodes.iter().enumerate() {
        let mut element = pdf.struct_element(refs.nodes[at]);
        element.kind(node.role);
        element.parent(if at == 0 { refs.root } else { refs.nodes[node.parent] });
        if node.role == StructRole::TH {
            let scope = if node.row_head {
                TableHeaderScope::Row
            } else {
                TableHeaderScope::Column
            };
            element.attributes().push().table().scope(scope);
        }
        let mut kids = element.children();
        for kid in &node.kids {
            match kid {
                Kid::Node(id) => {
                    kids.struct_element(refs.nodes[*id]);
                }
                Kid::Mark { page, id } => {
                    kids.marked_content_ref().page(refs.page[*page]).marked_content_id(*id);
                }
            }
        }
    }
}
