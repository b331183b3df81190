//! Schedules: tasks at given times.

use baton_api::schedule::{
    NewSchedule, PatchSchedule, Preview, PreviewTimes, Schedule, Schedules, Triggered,
};
use baton_core::TaskId;
use serde::Serialize;

use super::Client;
use super::call::Call;
use super::read::{paged, segment};
use crate::error::Error;

impl Client {
    /// All schedules, by name.
    pub async fn schedules(&self) -> Result<Vec<Schedule>, Error> {
        let mut schedules = Vec::new();
        let mut cursor = None;
        loop {
            let page: Schedules = self.call(paged("/api/v1/schedules", cursor)).await?;
            schedules.extend(page.schedules);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(schedules);
            }
        }
    }

    pub async fn schedule(&self, name: &str) -> Result<Schedule, Error> {
        self.call(Call::get(at(name, "")?)).await
    }

    /// Makes a schedule. One that is just so already is the answer, too.
    pub async fn create_schedule(&self, new: &NewSchedule) -> Result<Schedule, Error> {
        self.call(Call::post("/api/v1/schedules", body(new)?, None)).await
    }

    /// When a schedule with these times would be due. Nothing is stored.
    pub async fn preview_schedule(&self, times: &PreviewTimes) -> Result<Preview, Error> {
        self.call(Call::post("/api/v1/schedules/preview", body(times)?, None)).await
    }

    pub async fn patch_schedule(&self, name: &str, patch: &PatchSchedule) -> Result<Schedule, Error> {
        self.call(Call::patch(at(name, "")?, body(patch)?)).await
    }

    /// Forgets a schedule. The tasks that it made stay.
    pub async fn remove_schedule(&self, name: &str) -> Result<(), Error> {
        self.tell(Call::delete(at(name, "")?)).await
    }

    /// Makes one of its tasks now.
    pub async fn trigger_schedule(&self, name: &str) -> Result<TaskId, Error> {
        let made: Triggered = self.call(Call::post(at(name, "/trigger")?, b"{}".to_vec(), None)).await?;
        Ok(made.task)
    }

    /// Times that come until it is resumed are not made up for.
    pub async fn pause_schedule(&self, name: &str) -> Result<Schedule, Error> {
        self.call(Call::post(at(name, "/pause")?, b"{}".to_vec(), None)).await
    }

    pub async fn resume_schedule(&self, name: &str) -> Result<Schedule, Error> {
        self.call(Call::post(at(name, "/resume")?, b"{}".to_vec(), None)).await
    }
}

fn at(name: &str, what: &str) -> Result<String, Error> {
    Ok(format!("/api/v1/schedules/{}{what}", segment(name)?))
}

fn body(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(Error::invalid)
}
