/*
 * core/flow/machine.h: what makes an event a machine's.
 */
#include "core/flow/machine.h"

#include "core/base/check.h"
#include "core/model/event.h"
#include "tests/table.h"

static const struct row {
	const char *name;
	enum channel channel;
	int action;
	const char *label;
	struct event_property property; /* key NULL: none */
	uint32_t said, expected;
} rows[] = {
	{"a person's", CHANNEL_EMAIL, ACTION_EMAIL_OPEN, "", {0}, 0, 0},
	{"what is said stays", CHANNEL_WEB, ACTION_PAGE_VIEW, "", {0}, 2 | 2048, 2 | 2048},
	{"what is not known is a reason, too",
	 CHANNEL_WEB,
	 ACTION_PAGE_VIEW,
	 "",
	 {0},
	 65536,
	 MACHINE_PROVIDER_FLAG},
	{"and goes with others", CHANNEL_WEB, ACTION_PAGE_VIEW, "", {0}, 1 << 30 | 16, MACHINE_PROVIDER_FLAG | 16},
	{"a bare user agent",
	 CHANNEL_EMAIL,
	 ACTION_EMAIL_OPEN,
	 "",
	 {"user_agent", "Mozilla/5.0"},
	 0,
	 MACHINE_IMAGE_PROXY},
	{"more behind it", CHANNEL_EMAIL, ACTION_EMAIL_OPEN, "", {"user_agent", "Mozilla/5.0 (Macintosh)"}, 0, 0},
	{"a proxy that people open through",
	 CHANNEL_EMAIL,
	 ACTION_EMAIL_OPEN,
	 "",
	 {"user_agent", "Mozilla/5.0 (via ggpht.com GoogleImageProxy)"},
	 0,
	 0},
	{"the same in another property", CHANNEL_EMAIL, ACTION_EMAIL_OPEN, "", {"browser", "Mozilla/5.0"}, 0, 0},
	{"SendGrid's flag",
	 CHANNEL_EMAIL,
	 ACTION_EMAIL_OPEN,
	 "",
	 {"sg_machine_open", "true"},
	 0,
	 MACHINE_IMAGE_PROXY},
	{"SendGrid says no", CHANNEL_EMAIL, ACTION_EMAIL_OPEN, "", {"sg_machine_open", "false"}, 0, 0},
	{"Mailgun's bot",
	 CHANNEL_EMAIL,
	 ACTION_EMAIL_OPEN,
	 "",
	 {"client-info.bot", "apple"},
	 4,
	 4 | MACHINE_IMAGE_PROXY},
	{"Mailgun knows none", CHANNEL_EMAIL, ACTION_EMAIL_OPEN, "", {"client-info.bot", ""}, 0, 0},
	{"Brevo's event", CHANNEL_EMAIL, ACTION_EMAIL_OPEN, "proxy_open", {0}, 0, MACHINE_IMAGE_PROXY},
	{"the first of them", CHANNEL_EMAIL, ACTION_EMAIL_OPEN, "unique_proxy_open", {0}, 0, MACHINE_IMAGE_PROXY},
	{"a label like it", CHANNEL_EMAIL, ACTION_EMAIL_OPEN, "proxy_opened", {0}, 0, 0},
	{"a click", CHANNEL_EMAIL, ACTION_EMAIL_CLICK, "", {"user_agent", "Mozilla/5.0"}, 0, 0},
	{"no mail", CHANNEL_WEB, ACTION_EMAIL_OPEN, "proxy_open", {0}, 0, 0},
};

START_TEST(reasons_are_what_is_said_and_what_proxies_give_away)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct event_property property = rows[i].property;
		struct event event = event_blank;
		event.channel = rows[i].channel;
		event.action = rows[i].action;
		event.label = rows[i].label;
		event.machine_reasons = rows[i].said;
		event.properties = &property;
		event.properties_count = property.key != NULL ? 1 : 0;
		ck_assert_msg(machine_reasons(&event) == rows[i].expected, "%s: %x", rows[i].name,
			      machine_reasons(&event));
	}
}
END_TEST

START_TEST(mails_and_clicks_are_timed)
{
	static const int timed[] = {ACTION_EMAIL_SENT, ACTION_EMAIL_DELIVERED, ACTION_EMAIL_CLICK};
	static const int others[] = {ACTION_EMAIL_OPEN, ACTION_EMAIL_REPLY, ACTION_EMAIL_BOUNCE, ACTION_PAGE_VIEW,
				     ACTION_CUSTOM};
	for (size_t i = 0; i < COUNT_OF(timed); i++) {
		ck_assert(machine_is_timed(timed[i]));
	}
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		ck_assert(!machine_is_timed(others[i]));
	}
}
END_TEST

TEST_MAIN("flow_machine", reasons_are_what_is_said_and_what_proxies_give_away, mails_and_clicks_are_timed)
