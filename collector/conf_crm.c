#include "collector/conf_crm.h"

#include <string.h>
#include <strings.h>

#include "collector/conf.h"
#include "core/base/check.h"

#define LIST_MAX 500

#define AT(member) .offset = offsetof(struct collect_conf, member)

const struct yaml_field collect_conf_crm_fields[] = {
	{"won_stages", YAML_TEXTS, AT(crm.won_stages), .high = 128, .fallback = "[closedwon, Closed Won]",
	 .reloadable = true,
	 .help = "Stages in which a deal is won, in any case: HubSpot's internal names, of a pipeline of your own "
		 "the "
		 "stage's number; Salesforce's StageName; Dynamics' stepname, where no statecode says it. A "
		 "deal that is won or lost closes the buying process of its contacts."},
	{"lost_stages", YAML_TEXTS, AT(crm.lost_stages), .high = 128, .fallback = "[closedlost, Closed Lost]",
	 .reloadable = true, .help = "The same of deals that are lost. A deal in any other stage is open."},
	{"profile_fields", YAML_TEXTS, AT(crm.profile_fields), .high = 128, .fallback = "[]", .reloadable = true,
	 .help = "Fields of a contact's record that say yes or no to a profile of this person: yes is agreement, "
		 "a "
		 "yes that is taken back a refusal. Name, title, role and address leave the collector with a "
		 "message "
		 "that says yes. Empty: the CRM says nothing about it."},
	{0},
};

bool collect_conf_crm_check(const struct conf_reader *reader, void *into)
{
	const struct collect_conf *conf = into;
	const struct {
		const char *key;
		const struct yaml_texts *list;
	} rows[] = {{"won_stages", &conf->crm.won_stages},
		    {"lost_stages", &conf->crm.lost_stages},
		    {"profile_fields", &conf->crm.profile_fields}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].list->count > LIST_MAX) {
			return CONF_COMPLAIN(reader, "crm", rows[i].key, "\"crm.%s\" has more than %d values",
					     rows[i].key, LIST_MAX);
		}
	}
	for (size_t i = 0; i < conf->crm.won_stages.count; i++) {
		for (size_t j = 0; j < conf->crm.lost_stages.count; j++) {
			if (strcasecmp(conf->crm.won_stages.items[i], conf->crm.lost_stages.items[j]) == 0) {
				return CONF_COMPLAIN(
					reader, "crm", "lost_stages",
					"\"crm.lost_stages\": \"%.80s\" is one of crm.won_stages, too",
					conf->crm.lost_stages.items[j]);
			}
		}
	}
	return true;
}
