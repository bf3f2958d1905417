#!/usr/bin/python3
# run: sanitized
"""Deals of each CRM system through the whole: as it calls its hook, the real collector, a real Kafka, the daemon, the database."""
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
        self.collect_hooks()
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
        done = "SELECT coalesce(sum(n), 0) FROM phased.outcome_day WHERE outcome IN ('applied', 'unidentified')"
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


if __name__ == "__main__":
    phased_test.main()
