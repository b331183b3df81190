//! What a page is: one template, which can be rendered whole, or only the part of it that changes while one looks.

/// A page. The part that changes is the block `live` of `base.html`, so that a page and its updates cannot differ.
pub trait Page {
    fn whole(&self) -> askama::Result<String>;

    /// The part that changes.
    fn live(&self) -> askama::Result<String>;
}

/// Makes pages of templates that extend `base.html`.
macro_rules! pages {
    ($($page:ty),* $(,)?) => {
        $(impl $crate::page::Page for $page {
            fn whole(&self) -> askama::Result<String> {
                askama::Template::render(self)
            }

            fn live(&self) -> askama::Result<String> {
                askama::Template::render(&self.as_live())
            }
        })*
    };
}

pub(crate) use pages;
