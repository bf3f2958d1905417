#include "collector/conf_trackers.h"

#include "collector/conf.h"

#define ROW(at, section_key, standard, row_help) \
	{ \
		section_key, YAML_TEXT, .offset = offsetof(struct collect_conf, at), .high = 64, \
					.fallback = (standard), .reloadable = true, .help = (row_help) \
	}

const struct yaml_field collect_conf_plausible_fields[] = {
	ROW(plausible.anonymous_id, "anonymous_id", "",
	    "The custom property that holds an id of the browser, the same on each of its visits. Empty: none "
	    "does; an "
	    "event with neither id is nobody's and is counted alone."),
	ROW(plausible.user_id, "user_id", "",
	    "The custom property that holds who is logged in, an id or an address. Empty: none does."),
	ROW(plausible.analytics, "analytics", "",
	    "The custom property that says whether the visitor consents to analytics: true, yes, 1, granted or "
	    "allowed is a yes, "
	    "anything else a no. Empty: none does, and what consent.web says holds."),
	ROW(plausible.profile, "profile", "", "Likewise to a profile of the person."),
	{0},
};

const struct yaml_field collect_conf_ga4_fields[] = {
	ROW(ga4.analytics, "analytics", "analytics_storage",
	    "The name of the consent, among those of the request (consent) and then among the parameters of the "
	    "event, that is one "
	    "to analytics. Empty: none is."),
	ROW(ga4.profile, "profile", "",
	    "Likewise of the one to a profile of the person. Google's own, ad_user_data and ad_personalization, "
	    "are about "
	    "advertising; where the banner says that they are about this, too, name the one that is."),
	{0},
};

#define AT(member) .offset = offsetof(struct collect_conf, member)

const struct yaml_field collect_conf_cloudevents_fields[] = {
	CONF_CLOUDEVENTS_ROWS(
		"What data of such an event tells: fields, and the keys that lead to each in the data, a dot "
		"between them. Fields: " CLOUDEVENT_FIELDS_HELP ". What is not named here is not read."),
	{0},
};

bool collect_conf_cloudevents_read(const struct conf_reader *reader, void *into)
{
	return conf_cloudevents_read(reader, &((struct collect_conf *)into)->cloudevents);
}
