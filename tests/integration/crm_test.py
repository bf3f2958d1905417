#!/usr/bin/python3
# run: sanitized
"""Deals of each CRM system through the whole: as it calls its hook, the real collector, a real Kafka, the daemon, the database."""
import time

import crm
import phased_test
import sources_test

APPLIED_S = 60


def person(who, source, number):
    """The CRM's record of a contact."""
    address = f"{who}@acme.test"
    return {"hubspot": crm.hubspot("contact.propertyChange", "email", address, number),
            "dynamics": crm.dynamics("Create", "contact", number, f"1{number[-1]}", {"emailaddress1": address}),
            "salesforce": crm.salesforce("Contact", "CREATE", number, f"1{number}", Email=address)}[source]


class Deals(sources_test.PersonTest):
    def setUp(self):
        super().setUp()
        self.collect_hooks(crm={"profile_fields": ["Profile__c"]})
        self.start_phased()
        self.sent = 0

    def tell(self, source, body):
        self.assertEqual(200, self.send(source, body), body)
        self.sent += 1

    def visit(self, *people):
        page = {"type": "page", "properties": {"url": "https://acme.test/prices/", "title": "Prices"}}
        for who in people:
            self.send_web(who, page, {"type": "identify", "traits": {"email": f"{who}@acme.test"}}, page)
            self.sent += 3

    def all_are_stored(self):
        done = "SELECT coalesce(sum(n), 0) FROM phased.outcome_day WHERE outcome IN ('applied', 'remembered', 'duplicate')"
        self.wait_until(lambda: int(self.value(done)) >= self.sent, APPLIED_S, "all are stored")
        self.assertEqual("0", self.value("SELECT count(*) FROM phased.rejected"))

    def phases(self):
        rows = self.psql("""SELECT p.address, c.phase FROM report.person AS p JOIN report.contact_phase AS c ON c.contact_id = p.contact_id
                            WHERE c.process = 'standard' AND p.address IS NOT NULL""")
        return {address.partition("@")[0]: phase for address, phase in rows}


class Told(Deals):
    def test_a_deal_that_names_its_contact_closes_its_process_when_it_is_over(self):
        """The person whom the web knows by an address is the CRM's contact by the address in the record there."""
        contacts = {"dynamics": crm.ANN, "salesforce": "003A"}
        self.visit(*contacts, "other")
        for source, number in contacts.items():
            self.tell(source, person(source, source, number))
        self.all_are_stored()
        before = self.phases()
        self.assertEqual({*contacts, "other"}, set(before))
        self.assertNotIn("none", before.values())
        self.tell("dynamics", crm.dynamics("Update", "opportunity", operation=20, target={"statecode": crm.choice(1)},
                                           image={"statecode": crm.choice(1), "parentcontactid": crm.reference("contact", crm.ANN)}))
        self.tell("salesforce", crm.salesforce("Opportunity", "CREATE", "006A", 20, StageName="Closed Lost", ContactId="003A"))
        self.all_are_stored()
        self.wait_until(lambda: {**before, "dynamics": "none", "salesforce": "none"} == self.phases() or None, APPLIED_S, "the ends")

    def test_a_deal_whose_contacts_are_told_apart_from_it_closes_their_processes(self):
        """In messages of their own, before it is over or after it; who had left before stays where they are."""
        people = {"early": 501, "late": 502, "gone": 503, "other": 504}
        self.visit(*people)
        for who, number in people.items():
            self.tell("hubspot", crm.hubspot("contact.propertyChange", "email", f"{who}@acme.test", number))
        now = int(time.time() * 1000)
        for removed, who, ago_ms in ((False, "early", 3000), (False, "gone", 3000), (True, "gone", 2000)):
            self.tell("hubspot", {**crm.associated(removed, contact=people[who]), "occurredAt": now - ago_ms})
        self.all_are_stored()
        before = self.phases()
        self.tell("hubspot", crm.hubspot("deal.propertyChange", "dealstage", "closedwon"))
        self.all_are_stored()
        self.tell("hubspot", crm.associated(contact=people["late"]))
        self.wait_until(lambda: {**before, "early": "none", "late": "none"} == self.phases() or None, APPLIED_S, "the ends")
        self.assertEqual([["9001", "closedwon", "won", "2"]], self.psql("SELECT opportunity, stage, state, contacts FROM report.opportunity"))

    def test_an_association_that_is_told_from_both_ends_is_one(self):
        once = crm.associated()
        other = {**once, "subscriptionType": "contact.associationChange", "associationType": "CONTACT_TO_DEAL", "fromObjectId": 501, "toObjectId": 9001}
        self.tell("hubspot", once)
        self.tell("hubspot", other)
        self.all_are_stored()
        rows = self.psql("SELECT outcome, sum(n) FROM phased.outcome_day GROUP BY 1 ORDER BY 1")
        self.assertEqual([["applied", "1"], ["duplicate", "1"]], rows)

    def test_who_is_deleted_by_the_laws_name_is_forgotten(self):
        self.visit("ann", "bo")
        for who, number in (("ann", 501), ("bo", 502)):
            self.tell("hubspot", crm.hubspot("contact.propertyChange", "email", f"{who}@acme.test", number))
        self.all_are_stored()
        self.assertEqual({"ann", "bo"}, set(self.phases()))
        self.tell("hubspot", crm.hubspot("contact.privacyDeletion", number=501))
        self.wait_until(lambda: set(self.phases()) == {"bo"} or None, APPLIED_S, "she is not shown")
        self.assertEqual("3", self.value("SELECT count(*) FROM phased.touch JOIN phased.subject USING (subject_id) WHERE channel = 1"), "Bo's")
        self.assertEqual("0", self.value("SELECT count(*) FROM phased.contact WHERE address = 'ann@acme.test'"))

    def test_whose_record_agrees_is_known_by_it_until_it_no_longer_does(self):
        """And nobody else is: neither by a box that was never ticked nor by a message without one."""
        for number, (record, fields) in enumerate([
                ("003A", {"Email": "ann@acme.test", "Name": {"FirstName": "Ann", "LastName": "Aas"}, "Title": "Head of print", "Profile__c": True}),
                ("003B", {"Email": "bo@acme.test", "Name": {"FirstName": "Bo", "LastName": "Berg"}, "Profile__c": False}),
                ("003C", {"Email": "carl@acme.test", "Title": "CFO"})]):
            self.tell("salesforce", crm.salesforce("Contact", "CREATE", record, 30 + number, **fields))
        roles = [crm.salesforce("OpportunityContactRole", "CREATE", f"00K{number}", 40 + number, OpportunityId="006A", ContactId=record, Role="CFO", **more)
                 for number, (record, more) in enumerate([("003A", {"Profile__c": True}), ("003C", {})])]
        for role in roles:
            self.tell("salesforce", role)
        self.all_are_stored()
        known = "SELECT address, name, title, role, role_source FROM report.person WHERE coalesce(address, name, title, role) IS NOT NULL"
        self.assertEqual([["ann@acme.test", "Ann Aas", "Head of print", "CFO", "CRM"]], self.psql(known))
        self.tell("salesforce", crm.salesforce("Contact", "UPDATE", "003A", 50, Profile__c=False))
        self.all_are_stored()
        self.assertEqual([], self.psql(known))


if __name__ == "__main__":
    phased_test.main()
