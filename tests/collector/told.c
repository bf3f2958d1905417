#include "tests/collector/told.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/moment.h"
#include "core/model/outcome.h"
#include "tests/table.h"

struct teller {
	char *text;
};

static void tell(struct teller *to, const char *field, const char *value, const char *usual)
{
	size_t used = strlen(to->text);
	if (strcmp(value, usual) != 0) {
		snprintf(to->text + used, TOLD_SIZE - used, "> %s=%s\n", field, value);
	}
}

static void tell_number(struct teller *to, const char *field, int64_t value, int64_t usual)
{
	char text[32];
	snprintf(text, sizeof(text), "%" PRId64, value);
	tell(to, field, value == usual ? "" : text, "");
}

static void tell_real(struct teller *to, const char *field, bool is_said, double value)
{
	char text[32];
	snprintf(text, sizeof(text), "%g", value);
	tell(to, field, is_said ? text : "", "");
}

static void tell_moment(struct teller *to, const char *field, int64_t us, int64_t usual)
{
	char text[MOMENT_TEXT_SIZE];
	moment_print(us, text);
	tell(to, field, us == usual ? "" : text, "");
}

static void tell_identity(struct teller *to, const struct event *event)
{
	tell(to, "anonymous_id", event->identity.anonymous_id, "");
	tell(to, "visitor_id", event->identity.visitor_id, "");
	tell(to, "recipient_id", event->identity.recipient_id, "");
	tell(to, "email", event->identity.email, "");
	tell(to, "user_id", event->identity.user_id, "");
	tell(to, "crm_id", event->identity.crm_id, "");
	tell(to, "previous_id", event->identity.previous_id, "");
	tell(to, "name", event->identity.name, "");
	tell(to, "title_of_person", event->identity.title, "");
	tell(to, "role", event->identity.role, "");
	tell(to, "company", event->identity.company, "");
	tell(to, "company_domain", event->identity.company_domain, "");
	tell_number(to, "verified", event->identity.verified, 0);
}

static void tell_consent(struct teller *to, const struct event *event)
{
	tell_number(to, "analytics", event->consent.analytics, 0);
	tell_number(to, "profile", event->consent.profile, 0);
	tell_number(to, "contact", event->consent.contact, 0);
	tell(to, "policy", event->consent.policy, "");
	tell_number(to, "gpc", event->consent.gpc, 0);
	tell_number(to, "dnt", event->consent.dnt, 0);
	tell_number(to, "anonymous", event->consent.anonymous, 0);
}

static void tell_content(struct teller *to, const struct event *event)
{
	tell(to, "url", event->content.url, "");
	tell(to, "title", event->content.title, "");
	tell(to, "content_id", event->content.content_id, "");
	tell(to, "form_id", event->content.form_id, "");
	tell(to, "target_url", event->content.target_url, "");
	tell(to, "search", event->content.search, "");
	tell(to, "topic", event->content.topic, "");
	tell(to, "language", event->content.language, "");
	tell(to, "referrer", event->content.referrer, "");
	tell(to, "campaign.source", event->campaign.source, "");
	tell(to, "campaign.medium", event->campaign.medium, "");
	tell(to, "campaign.name", event->campaign.name, "");
	tell(to, "campaign.term", event->campaign.term, "");
	tell(to, "campaign.content", event->campaign.content, "");
	tell(to, "campaign.message_id", event->campaign.message_id, "");
}

static void tell_opportunity(struct teller *to, const struct event *event)
{
	tell_number(to, "opportunity", event->opportunity.present, 0);
	tell(to, "opportunity.id", event->opportunity.id, "");
	tell(to, "opportunity.stage", event->opportunity.stage, "");
	tell(to, "opportunity.state", opportunity_state_name(event->opportunity.state), "");
	tell_real(to, "opportunity.probability", event->opportunity.probability >= 0,
		  event->opportunity.probability);
	tell_real(to, "opportunity.amount", event->opportunity.amount >= 0, event->opportunity.amount);
	tell(to, "opportunity.currency", event->opportunity.currency, "");
	tell_moment(to, "opportunity.close", event->opportunity.close_us, 0);
	tell(to, "opportunity.owner", event->opportunity.owner, "");
	for (unsigned i = 0; i < event->opportunity.contact_ids_count; i++) {
		tell(to, "opportunity.contact", event->opportunity.contact_ids[i], "");
	}
	for (unsigned i = 0; i < event->opportunity.left_contact_ids_count; i++) {
		tell(to, "opportunity.left", event->opportunity.left_contact_ids[i], "");
	}
}

static void tell_event(struct teller *to, const struct event *event, const struct told_usual *usual)
{
	static const char *const parties[] = {"unsaid", "PERSON", "AGENT", "BOT", "SYSTEM"};
	tell(to, "id", strncmp(event->id, SOURCE_MADE_ID, strlen(SOURCE_MADE_ID)) == 0 ? "made" : event->id,
	     usual->id != NULL ? usual->id : "");
	tell(to, "source", event->source, usual->source);
	tell(to, "site", event->site, usual->site);
	tell(to, "channel", channel_name(event->channel), channel_name(usual->channel));
	tell(to, "action", action_name(event->action), "");
	tell(to, "label", event->label, "");
	tell_moment(to, "occurred", event->occurred_us, usual->occurred_us);
	tell_moment(to, "stamped", event->stamped_us,
		    usual->stamped_us != 0 ? usual->stamped_us : event->occurred_us);
	ck_assert_int_eq(event->received_us, usual->received_us);
	tell(to, "party", parties[event->party], "PERSON");
	tell_identity(to, event);
	tell_consent(to, event);
	tell_content(to, event);
	tell_number(to, "machine", event->machine_reasons, 0);
	tell(to, "session_id", event->session_id, "");
	tell(to, "thread_id", event->thread_id, "");
	tell(to, "process", event->process, "");
	tell_opportunity(to, event);
	tell_real(to, "value", event->has_value, event->value);
	tell_real(to, "rating", event->has_rating, event->rating);
	tell_number(to, "engaged_ms", event->engaged_ms, 0);
	tell_number(to, "scroll_percent", event->scroll_percent, 0);
	for (unsigned i = 0; i < event->properties_count; i++) {
		char field[128];
		snprintf(field, sizeof(field), "property.%s", event->properties[i].key);
		tell(to, field, event->properties[i].value, "");
	}
}

void told_item(const struct source_item *item, const struct told_usual *usual, char ret_text[static TOLD_SIZE])
{
	struct teller teller = {ret_text};
	if (item->event != NULL) {
		const char *agent = item->user_agent;
		tell(&teller, "agent", agent == NULL ? "" : agent[0] == '\0' ? "nobody's" : agent, "");
		tell_event(&teller, item->event, usual);
		return;
	}
	size_t used = strlen(ret_text);
	ck_assert_uint_gt(item->reject.size, 0);
	ck_assert_uint_ne(item->reject.hash, 0);
	snprintf(ret_text + used, TOLD_SIZE - used, "! %s %s\n", outcome_about[item->reject.reason].name,
		 item->reject.field);
}
