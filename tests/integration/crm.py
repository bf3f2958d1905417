"""What CRM systems send, and how they prove it: the part of sources_test.py that is about them."""
import base64
import hashlib
import hmac
import json
import time

HOOKS = {"hubspot": "deals", "dynamics": "sales", "salesforce": "force"}
URL = "https://collect.acme.test/hooks/hubspot/deals"
DEAL, ANN, STEP = (f"0b8e0e0a-0000-4000-8000-00000000000{end}" for end in "abc")


def sign_hubspot(body, secret, now):
    text = json.dumps([body])
    said = hmac.new(secret.encode(), f"POST{URL}{text}{now}000".encode(), hashlib.sha256).digest()
    return text, {"X-HubSpot-Request-Timestamp": f"{now}000", "X-HubSpot-Signature-v3": base64.b64encode(said).decode()}


def show_dynamics(body, secret, now):
    return json.dumps(body), {"X-Phased-Secret": secret}


def show_salesforce(body, secret, now):
    return json.dumps([body]), {"Authorization": "Basic " + base64.b64encode(f"bridge:{secret}".encode()).decode()}


SIGN = {"hubspot": sign_hubspot, "dynamics": show_dynamics, "salesforce": show_salesforce}


def hubspot(kind, name="", value="", number=9001, **more):
    named = {"propertyName": name, "propertyValue": value} if name else {}
    return {"eventId": 100, "portalId": 62515, "occurredAt": int(time.time() * 1000), "subscriptionType": kind, "objectId": number,
            "changeSource": "CRM_UI", "sourceId": "userId:7", **named, **more}


def associated(removed=False, deal=9001, contact=501):
    return hubspot("deal.associationChange", associationType="DEAL_TO_CONTACT", fromObjectId=deal, toObjectId=contact,
                   associationRemoved=removed)


def reference(table, number, name=None):
    return {"__type": "EntityReference:http://schemas.microsoft.com/xrm/2011/Contracts", "Id": number, "LogicalName": table, "Name": name}


def choice(number):
    return {"__type": "OptionSetValue:http://schemas.microsoft.com/xrm/2011/Contracts", "Value": number}


def pairs(columns):
    return [{"key": key, "value": value} for key, value in columns.items()]


def dynamics(message, table, number=DEAL, operation=1, target=None, image=None):
    """Operation `message` on a record; `target`: columns that it wrote, `image`: as they all are then."""
    entity = {"LogicalName": table, "Id": number, "FormattedValues": []}
    return {"MessageName": message, "PrimaryEntityName": table, "PrimaryEntityId": number,
            "OperationId": f"0f1e0000-0000-4000-8000-{operation:012}", "OperationCreatedOn": f"/Date({int(time.time() * 1000)}-0700)/",
            "OwningExtension": reference("sdkmessageprocessingstep", STEP), "Depth": 1, "Mode": 1, "Stage": 40,
            "InputParameters": pairs({"Target": {**entity, "Attributes": pairs(target or {})}}), "PreEntityImages": [],
            "PostEntityImages": pairs({"Img": {**entity, "Attributes": pairs(image or {})}})}


def salesforce(entity, change, record, number=1, **fields):
    return {"schema": "s", "event": {"replayId": number},
            "payload": {"ChangeEventHeader": {"entityName": entity, "recordIds": [record], "changeType": change, "commitUser": "005A",
                                              "changedFields": list(fields), "transactionKey": f"{number:04}-tx", "sequenceNumber": 1,
                                              "commitTimestamp": int(time.time() * 1000)}, **fields}}


AGENT = {"party": "AGENT"}
CONNECTION = {"record1id": reference("opportunity", DEAL), "record2id": reference("contact", ANN),
              "record2roleid": reference("connectionrole", STEP, "Decision Maker")}
# What is sent, and as what it must arrive: source, body, action or what becomes of it, more of the event.
ROWS = [
    ("hubspot", hubspot("deal.propertyChange", "dealstage", "contractsent"), "OPP_CHANGED", {**AGENT, "state": "OPEN"}),
    ("hubspot", hubspot("deal.propertyChange", "dealstage", "closedwon"), "OPP_CHANGED", {**AGENT, "state": "WON"}),
    ("hubspot", hubspot("object.propertyChange", "dealstage", "closedlost", objectTypeId="0-3"), "OPP_CHANGED", {**AGENT, "state": "LOST"}),
    ("hubspot", hubspot("deal.propertyChange", "amount", "40000", changeSource="IMPORT"), "OPP_CHANGED", {"party": "SYSTEM"}),
    ("hubspot", hubspot("deal.deletion"), "OPP_CHANGED", {**AGENT, "state": "DELETED"}),
    ("hubspot", associated(), "OPP_CHANGED", {**AGENT, "contact": "501"}),
    ("hubspot", associated(True), "OPP_CHANGED", {**AGENT, "left": "501"}),
    ("hubspot", hubspot("deal.propertyChange", "dealname", "plotter"), "nothing", {}),
    ("hubspot", hubspot("contact.propertyChange", "email", "ann@acme.test", 501), "IDENTIFY", {**AGENT, "address": "yes"}),
    ("hubspot", hubspot("contact.privacyDeletion", number=502), "CONSENT", AGENT),
    ("hubspot", hubspot("contact.merge", number=501), "CUSTOM", {**AGENT, "label": "contact.merge"}),
    ("hubspot", hubspot("company.creation"), "CUSTOM", {**AGENT, "label": "company.creation"}),
    ("hubspot", {"subscriptionType": "deal.creation", "objectId": 1}, "rejected", {"field": "occurredAt"}),
    ("dynamics", dynamics("Update", "opportunity", target={"stepname": "2-Develop"}, image={"statecode": choice(0)}), "OPP_CHANGED",
     {**AGENT, "state": "OPEN"}),
    ("dynamics", dynamics("Update", "opportunity", operation=2, image={"statecode": choice(1), "parentcontactid": reference("contact", ANN)}),
     "OPP_CHANGED", {**AGENT, "state": "WON", "contact": ANN}),
    ("dynamics", dynamics("Lose", "opportunity", operation=3), "OPP_CHANGED", {**AGENT, "state": "LOST"}),
    ("dynamics", dynamics("Delete", "opportunity", operation=4), "OPP_CHANGED", {**AGENT, "state": "DELETED"}),
    ("dynamics", dynamics("Create", "connection", STEP, 5, CONNECTION), "OPP_CHANGED", {**AGENT, "contact": ANN}),
    ("dynamics", dynamics("Update", "connection", STEP, 6, {"statecode": choice(1)}, CONNECTION), "OPP_CHANGED", {**AGENT, "left": ANN}),
    ("dynamics", dynamics("Create", "connection", STEP, 7, {"record1id": reference("account", STEP), "record2id": reference("contact", ANN)}),
     "nothing", {}),
    ("dynamics", dynamics("Update", "contact", ANN, 8, {"emailaddress1": "ann@acme.test"}), "IDENTIFY", {**AGENT, "address": "yes"}),
    ("dynamics", dynamics("Create", "lead", STEP, 9), "CUSTOM", {**AGENT, "label": "lead.Create"}),
    ("dynamics", {"MessageName": "Update", "PrimaryEntityName": "opportunity", "PrimaryEntityId": DEAL}, "rejected",
     {"field": "OperationCreatedOn"}),
    ("salesforce", salesforce("Opportunity", "UPDATE", "006A", StageName="Negotiation/Review"), "OPP_CHANGED", {**AGENT, "state": "OPEN"}),
    ("salesforce", salesforce("Opportunity", "UPDATE", "006A", 2, StageName="Closed Won"), "OPP_CHANGED", {**AGENT, "state": "WON"}),
    ("salesforce", salesforce("Opportunity", "UPDATE", "006A", 3, StageName="Over", IsWon=False, IsClosed=True), "OPP_CHANGED",
     {**AGENT, "state": "LOST"}),
    ("salesforce", salesforce("Opportunity", "GAP_DELETE", "006A", 4), "OPP_CHANGED", {**AGENT, "state": "DELETED"}),
    ("salesforce", salesforce("OpportunityContactRole", "CREATE", "00KA", 5, OpportunityId="006A", ContactId="003A", Role="User"),
     "OPP_CHANGED", {**AGENT, "contact": "003A"}),
    ("salesforce", salesforce("OpportunityContactRole", "DELETE", "00KA", 6, OpportunityId="006A", ContactId="003A"), "OPP_CHANGED",
     {**AGENT, "left": "003A"}),
    ("salesforce", salesforce("Opportunity", "UPDATE", "006A", 7, Name="plotter"), "nothing", {}),
    ("salesforce", salesforce("Contact", "UPDATE", "003A", 8, Email="ann@acme.test"), "IDENTIFY", {**AGENT, "address": "yes"}),
    ("salesforce", salesforce("Opportunity", "GAP_UPDATE", "006A", 9), "CUSTOM", {**AGENT, "label": "Opportunity.GAP_UPDATE"}),
    ("salesforce", salesforce("Opportunity", "UPDATE", "006*", 10, StageName="x"), "CUSTOM", {**AGENT, "label": "Opportunity.UPDATE.*"}),
    ("salesforce", {"payload": {"ChangeEventHeader": {"entityName": "Lead", "changeType": "CREATE"}}}, "rejected",
     {"field": "ChangeEventHeader.commitTimestamp"}),
]
# What of a message has to stay as it is, to be read at all.
KEPT = {"hubspot": ("subscriptionType", "propertyName"),
        "dynamics": ("MessageName", "PrimaryEntityName", "OperationCreatedOn", "key", "__type", "LogicalName"),
        "salesforce": ("entityName", "changeType")}
