//! Subscriptions, tenants and regions.

use serde_json::{Value, json};

use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::location::REGIONS;
use crate::arm::token::Claims;
use crate::arm::{Arm, Subscription, authorization};

/// `GET /subscriptions`: those in which the caller has a role.
pub(in crate::arm) fn list(arm: &Arm, caller: &Claims) -> Answer {
    let value: Vec<Value> = arm
        .worlds
        .subscriptions()
        .iter()
        .filter(|subscription| authorization::has_any_role(arm, caller, subscription.id))
        .map(|subscription| shown(arm, subscription))
        .collect();
    let count = json!({ "type": "Total", "value": value.len() });
    Answer::ok(&json!({ "value": value, "count": count }))
}

/// `GET /subscriptions/{id}`.
pub(in crate::arm) fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    let all = call.arm.worlds.subscriptions();
    let found = all
        .iter()
        .find(|subscription| subscription.id == call.subscription);
    let found = found.ok_or_else(|| ArmError::subscription_not_found(call.subscription))?;
    Ok(Answer::ok(&shown(call.arm, found)))
}

/// `GET /tenants`.
pub(in crate::arm) fn tenants(arm: &Arm) -> Answer {
    let tenant = arm.config.tenant;
    Answer::ok(&json!({ "value": [{
        "id": format!("/tenants/{tenant}"),
        "tenantId": tenant,
        "displayName": "milink",
        "defaultDomain": "milink.local",
        "domains": ["milink.local"],
        "countryCode": "NL",
        "tenantCategory": "Home",
        "tenantType": "AAD",
    }] }))
}

/// `GET /subscriptions/{id}/locations`.
pub(in crate::arm) fn locations(call: &Call<'_>) -> Result<Answer, ArmError> {
    let subscription = call.subscription;
    let value: Vec<Value> = REGIONS
        .iter()
        .map(|region| {
            json!({
                "id": format!("/subscriptions/{subscription}/locations/{}", region.name),
                "name": region.name,
                "type": "Region",
                "displayName": region.display,
                "regionalDisplayName": format!("({}) {}", region.geography, region.display),
                "metadata": {
                    "regionType": "Physical",
                    "regionCategory": "Recommended",
                    "geographyGroup": region.geography,
                    "pairedRegion": [{
                        "name": region.paired,
                        "id": format!("/subscriptions/{subscription}/locations/{}", region.paired),
                    }],
                },
            })
        })
        .collect();
    Ok(Answer::ok(&json!({ "value": value })))
}

fn shown(arm: &Arm, subscription: &Subscription) -> Value {
    json!({
        "id": format!("/subscriptions/{}", subscription.id),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription.id,
        "tenantId": arm.config.tenant,
        "displayName": subscription.name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    })
}
