//! The terminal: keys come in, frames go out, and once a second there is a new look.

use std::time::Duration;

use anyhow::{Context, Result};
use baton::Client;
use baton::api::operation::RerunGroup;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEvent, KeyEventKind};
use tokio::sync::mpsc;

use super::picture::Picture;
use super::view::{Deed, Reaction, View};
use crate::exit::Exit;
use crate::out::now_ms;

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// For so long the keyboard is waited for before it is looked whether anybody still listens.
const KEY_EVERY: Duration = Duration::from_millis(200);

pub(super) async fn run(client: Client, first: Picture, production: Option<String>) -> Result<Exit> {
    let terminal = ratatui::try_init().context("failed to take the terminal")?;
    let view = View::new(first, now_ms()).in_production(production);
    let ended = watch(terminal, client, view).await;
    ratatui::restore();
    ended
}

async fn watch(mut terminal: DefaultTerminal, client: Client, mut view: View) -> Result<Exit> {
    let mut keys = keys();
    let mut looks = looks(client.clone());
    loop {
        terminal.draw(|frame| view.draw(frame)).context("failed to draw")?;
        tokio::select! {
            key = keys.recv() => match key.map(|key| key.map(|key| view.press(key))) {
                None | Some(None) => {}
                Some(Some(Reaction::Stay)) => {}
                Some(Some(Reaction::Quit)) => return Ok(Exit::Fine),
                Some(Some(Reaction::Do(deed))) => match carry_out(&client, &deed).await {
                    Ok(()) => view.note(deed.done()),
                    Err(error) => view.note(format!("{error:#}")),
                },
            },
            look = looks.recv() => match look {
                Some(Ok(picture)) => view.show(picture, now_ms()),
                Some(Err(error)) => view.note(format!("{error:#}")),
                None => return Ok(Exit::Fine),
            },
        }
    }
}

async fn carry_out(client: &Client, deed: &Deed) -> Result<()> {
    match deed {
        Deed::Pause(queue) => drop(client.pause(queue).await?),
        Deed::Resume(queue) => drop(client.resume(queue).await?),
        Deed::Purge(queue) => drop(client.purge(queue, "baton top").await?),
        Deed::Stop(worker) => drop(client.stop_worker(worker).await?),
        Deed::Cancel(task) => drop(client.cancel(task.parse()?, "baton top").await?),
        Deed::Rerun(group) => drop(client.rerun_error(group.parse()?, &RerunGroup::default()).await?),
    }
    Ok(())
}

/// Keys, and nothing where the screen has another size: then it is drawn again.
fn keys() -> mpsc::Receiver<Option<KeyEvent>> {
    let (send, receive) = mpsc::channel(16);
    std::thread::spawn(move || {
        while !send.is_closed() {
            let came = match event::poll(KEY_EVERY) {
                Ok(true) => event::read(),
                Ok(false) => continue,
                Err(_) => return,
            };
            let told = match came {
                Ok(Event::Key(key)) if key.kind == KeyEventKind::Press => Some(key),
                Ok(Event::Resize(..)) => None,
                Ok(_) => continue,
                Err(_) => return,
            };
            if send.blocking_send(told).is_err() {
                return;
            }
        }
    });
    receive
}

fn looks(client: Client) -> mpsc::Receiver<Result<Picture>> {
    let (send, receive) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if send.send(Picture::take(&client).await).await.is_err() {
                return;
            }
        }
    });
    receive
}
