#include "core/model/event.h"

#include <math.h>

/* clang-format off */
const struct event event_blank = {
	.id = "", .source = "", .site = "", .label = "", .session_id = "", .thread_id = "", .process = "",
	.identity = {
		.anonymous_id = "", .visitor_id = "", .recipient_id = "", .email = "", .user_id = "", .crm_id = "",
		.previous_id = "", .name = "", .title = "", .role = "", .company = "", .company_domain = "",
	},
	.consent = {.policy = ""},
	.content = {
		.url = "", .title = "", .content_id = "", .form_id = "", .target_url = "", .search = "", .topic = "",
		.language = "", .referrer = "",
	},
	.campaign = {.source = "", .medium = "", .name = "", .term = "", .content = "", .message_id = ""},
	.opportunity = {
		.id = "", .stage = "", .currency = "", .owner = "", .probability = (double)NAN, .amount = (double)NAN,
	},
};
/* clang-format on */
