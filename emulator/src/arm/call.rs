//! A request to a resource, once it is known who asks what of which world.

use std::fmt::Debug;

use axum::http::{Method, StatusCode};
use milink_core::World;
use milink_core::command::Request;
use uuid::Uuid;

use super::body::{Body, Object};
use super::error::ArmError;
use super::path::ResourcePath;
use super::token::Claims;
use super::version::ApiVersion;
use super::{Arm, Incoming, location};

/// A request to a resource.
pub(super) struct Call<'a> {
    pub(super) arm: &'a Arm,
    pub(super) incoming: &'a Incoming,
    pub(super) base: String,
    pub(super) caller: &'a Claims,
    pub(super) method: Method,
    pub(super) path: ResourcePath,
    pub(super) raw_path: String,
    pub(super) queries: &'a [(String, String)],
    pub(super) version: ApiVersion,
    pub(super) subscription: Uuid,
}

impl Call<'_> {
    /// A query parameter, by its name in any case.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        query(self.queries, name)
    }

    /// Reads the world.
    pub(super) fn read<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        let mut read = Some(read);
        let mut result = None;
        self.arm.worlds.read(self.subscription, &mut |world| {
            result = read.take().map(|read| read(world));
        });
        result.expect("the subscription was found a moment ago, and worlds read once")
    }

    /// Asks the world for something.
    pub(super) fn submit<R: Request + Debug>(&self, request: R) -> Result<R::Reply, ArmError> {
        let mut result = None;
        let what: &dyn Debug = &request;
        self.arm
            .worlds
            .change(self.subscription, what, &mut |world, now| {
                result = Some(world.apply(now, request.clone()));
            });
        let result = result.expect("the subscription was found a moment ago");
        result.map_err(ArmError::from)
    }

    /// The body, which must be JSON. Members that nobody asks for go to the journal.
    pub(super) fn body<T>(
        &self,
        read: impl FnOnce(&Object<'_>) -> Result<T, ArmError>,
    ) -> Result<T, ArmError> {
        let media_type = self
            .incoming
            .header("content-type")
            .unwrap_or("application/json");
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        if !self.incoming.body.is_empty()
            && !essence.eq_ignore_ascii_case("application/json")
            && !essence.eq_ignore_ascii_case("text/json")
        {
            return Err(ArmError::gateway(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaType",
                format!(
                    "The content media type '{media_type}' is not supported. Only 'application/json' is supported."
                ),
            ));
        }
        let body = Body::parse(&self.incoming.body)?;
        let result = {
            let object = body.object()?;
            object.ignore(&["id", "name", "type", "etag", "systemData"]);
            read(&object)?
        };
        let unknown = body.unknown();
        if !unknown.is_empty() {
            let (method, path) = (&self.method, &self.raw_path);
            let text = format!("{method} {path}: ignored {}", unknown.join(", "));
            self.arm.worlds.note(self.subscription, text);
        }
        Ok(result)
    }

    /// The region of a tracked resource: what the body says, normalised.
    pub(super) fn region(&self, kind: &str, body: &Object<'_>) -> Result<Option<String>, ArmError> {
        let location = body.string("location")?;
        location
            .filter(|location| !location.trim().is_empty())
            .map(|location| location::region_for(kind, &location))
            .transpose()
    }

    /// The same where it must be said.
    pub(super) fn required_region(
        &self,
        kind: &str,
        body: &Object<'_>,
    ) -> Result<String, ArmError> {
        self.region(kind, body)?.ok_or_else(|| {
            ArmError::gateway(
                StatusCode::BAD_REQUEST,
                "LocationRequired",
                "The location property is required for this definition.",
            )
        })
    }

    /// The id of a resource group, or of something in it.
    pub(super) fn id_in_group(&self, group: &str, tail: &str) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{group}/providers/{tail}",
            self.subscription
        )
    }
}

/// A parameter among the pairs of a query, by its name in any case.
pub(super) fn query<'a>(queries: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = queries
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}
