//! What destroys asks first, where it is production.

use anyhow::Result;

use crate::console::Target;
use crate::context::{Context, Name};
use crate::out::{paint, plain};
use crate::prompt;

impl Target {
    /// Goes on at once where nothing much can break, or where `--yes` was said. `deed` says what would be done, to what
    /// and to how many.
    pub(crate) fn guard(&self, deed: &str) -> Result<()> {
        let chosen = self.chosen()?;
        let Some((name, context)) = chosen.context.filter(|(_, context)| context.production && !self.yes)
        else {
            return Ok(());
        };
        ask(deed, &name, &context, &chosen.url)
    }

    /// The same of a context that need not be the one which is asked.
    pub(crate) fn guard_context(&self, deed: &str, name: &Name, context: &Context) -> Result<()> {
        if self.yes || !context.production {
            return Ok(());
        }
        ask(deed, name, context, &context.url)
    }

    /// Whether it is asked at all: what is only asked for to be told need not be found out.
    pub(crate) fn guards(&self) -> Result<bool> {
        Ok(self.production()?.is_some())
    }

    /// The name of the context where it asks.
    pub(crate) fn production(&self) -> Result<Option<String>> {
        let careful = self.chosen()?.context.filter(|(_, context)| context.production && !self.yes);
        Ok(careful.map(|(name, _)| name.to_string()))
    }
}

fn ask(deed: &str, name: &Name, context: &Context, url: &str) -> Result<()> {
    let code = context.colour.map_or("1;31", |colour| colour.code());
    let shown = paint(prompt::paints(), code, name.as_str());
    let question = format!("production: this would {} at {shown} ({url})", plain(deed));
    prompt::confirm(&question, name.as_str(), "--yes says that it is meant")
}
