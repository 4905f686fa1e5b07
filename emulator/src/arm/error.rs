//! ARM's errors: status, code and text. Reasons of the core are put into ARM's words in `error/catalogue.rs`.

mod authorization;
mod catalogue;
mod deployment;
mod failover_group;

use axum::http::StatusCode;
use milink_core::azure::Tags;
use milink_core::refusal::Refusal;
use milink_model::{ErrorBody, ErrorDetail};
use uuid::Uuid;

pub(super) use catalogue::{link_error_text, of_operation};

/// The code of everything that Azure does and milink does not: the text says what.
pub const NOT_EMULATED: &str = "OperationNotSupportedByMilink";

/// An error answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ArmError(Box<Parts>);

#[derive(Clone, Debug, PartialEq)]
struct Parts {
    status: StatusCode,
    detail: ErrorDetail,
    by_gateway: bool,
    headers: Vec<(&'static str, String)>,
    reason: Option<Refusal>,
}

impl ArmError {
    /// An error that ARM itself makes, not a resource provider.
    pub(super) fn gateway(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let mut error = Self::service(status, code, message);
        error.0.by_gateway = true;
        error
    }

    /// An error that a resource provider makes.
    pub(super) fn service(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            status,
            detail: ErrorDetail {
                code: code.to_owned(),
                message: message.into(),
                ..ErrorDetail::default()
            },
            by_gateway: false,
            headers: Vec::new(),
            reason: None,
        }))
    }

    /// With a further header.
    pub(super) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// With the errors behind it.
    pub(super) fn with_details(mut self, details: Vec<ErrorDetail>) -> Self {
        self.0.detail.details = details;
        self
    }

    /// With what it is about.
    pub(super) fn about(mut self, target: String) -> Self {
        self.0.detail.target = Some(target);
        self
    }

    /// Something that Azure does and milink does not.
    pub(super) fn not_emulated(what: &str) -> Self {
        let message = format!("{what} is not supported by milink. See COMPAT.md for what is.");
        Self::service(StatusCode::BAD_REQUEST, NOT_EMULATED, message)
    }

    /// A body that cannot be read.
    pub(super) fn invalid_content(reason: &str) -> Self {
        let message =
            format!("The request content was invalid and could not be deserialized: '{reason}'.");
        Self::gateway(StatusCode::BAD_REQUEST, "InvalidRequestContent", message)
    }

    /// ARM's wording for a resource that is not there.
    pub(super) fn resource_not_found(kind: &str, name: &str, group: &str) -> Self {
        let message = format!(
            "The Resource '{kind}/{name}' under resource group '{group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
        );
        Self::gateway(StatusCode::NOT_FOUND, "ResourceNotFound", message)
    }

    /// Microsoft.Sql's wording for a child that is not there.
    pub(super) fn child_not_found(kind: &str, name: &str) -> Self {
        let message =
            format!("The requested resource of type '{kind}' with name '{name}' was not found.");
        Self::service(StatusCode::NOT_FOUND, "ResourceNotFound", message)
    }

    /// A subscription that is not there.
    pub(super) fn subscription_not_found(id: Uuid) -> Self {
        let message = format!("The subscription '{id}' could not be found.");
        Self::gateway(StatusCode::NOT_FOUND, "SubscriptionNotFound", message)
    }

    /// A resource group that is not there.
    pub(super) fn group_not_found(group: &str) -> Self {
        let message = format!("Resource group '{group}' could not be found.");
        Self::gateway(StatusCode::NOT_FOUND, "ResourceGroupNotFound", message)
    }

    /// A method that the path does not know.
    pub(super) fn method_not_allowed(allowed: &[&str]) -> Self {
        let message = "The requested resource does not support this http method.";
        Self::gateway(
            StatusCode::METHOD_NOT_ALLOWED,
            "HttpMethodNotSupported",
            message,
        )
        .with_header("allow", allowed.join(", "))
    }

    pub(super) fn status(&self) -> StatusCode {
        self.0.status
    }

    pub(super) fn code(&self) -> &str {
        &self.0.detail.code
    }

    #[cfg(test)]
    pub(super) fn message(&self) -> &str {
        &self.0.detail.message
    }

    pub(super) fn detail(&self) -> &ErrorDetail {
        &self.0.detail
    }

    pub(super) fn body(&self) -> ErrorBody {
        ErrorBody {
            error: self.0.detail.clone(),
        }
    }

    pub(super) fn is_by_gateway(&self) -> bool {
        self.0.by_gateway
    }

    /// With the core's reason, for whoever asks why.
    fn because(mut self, reason: &Refusal) -> Self {
        self.0.reason = Some(reason.clone());
        self
    }

    /// The core's reason, if it was the core that refused.
    pub(super) fn reason(&self) -> Option<&Refusal> {
        self.0.reason.as_ref()
    }

    pub(super) fn headers(&self) -> &[(&'static str, String)] {
        &self.0.headers
    }
}

/// Tags have limits (`arm-contract.md` section 1); the codes are guesses.
pub(super) fn check_tags(tags: &Tags) -> Result<(), ArmError> {
    let bad =
        |code, message: String| Err(ArmError::gateway(StatusCode::BAD_REQUEST, code, message));
    if tags.len() > 50 {
        let message = format!(
            "The number of tags '{}' exceeds the limit of 50.",
            tags.len()
        );
        return bad("TooManyTags", message);
    }
    for (name, value) in tags {
        if name.is_empty()
            || name.chars().count() > 512
            || name.contains(['<', '>', '%', '&', '\\', '?', '/'])
        {
            return bad(
                "InvalidTagName",
                format!(
                    "The tag name '{name}' is not valid. It has 1 to 512 characters, none of <>%&\\?/."
                ),
            );
        }
        if value.chars().count() > 256 {
            return bad(
                "InvalidTagValue",
                format!("The value of tag '{name}' is longer than 256 characters."),
            );
        }
    }
    Ok(())
}
