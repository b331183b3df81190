//! What destroys asks first, where it is production.

use anyhow::Result;

use crate::console::Target;
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
        let shown =
            paint(prompt::paints(), context.colour.map_or("1;31", |colour| colour.code()), name.as_str());
        let question = format!("production: this would {} at {shown} ({})", plain(deed), chosen.url);
        prompt::confirm(&question, name.as_str(), "--yes says that it is meant")
    }

    /// Whether it is asked at all: what is only asked for to be told need not be found out.
    pub(crate) fn guards(&self) -> Result<bool> {
        Ok(!self.yes && self.chosen()?.context.is_some_and(|(_, context)| context.production))
    }
}
