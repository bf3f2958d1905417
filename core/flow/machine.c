#include "core/flow/machine.h"

#include <stddef.h>
#include <string.h>

#include "core/base/check.h"
#include "core/model/event.h"

struct proxy_flag {
	const char *key, *value;
};

static const char *const agents[] = {
#define PROXY_AGENT(text) text,
#define PROXY_FLAG(key, value)
#define PROXY_LABEL(text)
#include "core/flow/open_proxies.def"
#undef PROXY_AGENT
#undef PROXY_FLAG
#undef PROXY_LABEL
};
static const struct proxy_flag flags[] = {
#define PROXY_AGENT(text)
#define PROXY_FLAG(key, value) {key, value},
#define PROXY_LABEL(text)
#include "core/flow/open_proxies.def"
#undef PROXY_AGENT
#undef PROXY_FLAG
#undef PROXY_LABEL
};
static const char *const labels[] = {
#define PROXY_AGENT(text)
#define PROXY_FLAG(key, value)
#define PROXY_LABEL(text) text,
#include "core/flow/open_proxies.def"
#undef PROXY_AGENT
#undef PROXY_FLAG
#undef PROXY_LABEL
};

static bool is_among(const char *text, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, list[i]) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_flagged(const struct event_property *property)
{
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		if (strcmp(property->key, flags[i].key) == 0) {
			return flags[i].value[0] == '\0' ? property->value[0] != '\0'
							 : strcmp(property->value, flags[i].value) == 0;
		}
	}
	return false;
}

static bool is_open_proxy(const struct event *event)
{
	bool found = is_among(event->label, labels, COUNT_OF(labels));
	for (unsigned i = 0; i < event->properties_count && !found; i++) {
		const struct event_property *property = &event->properties[i];
		found = is_flagged(property) || (strcmp(property->key, "user_agent") == 0 &&
						 is_among(property->value, agents, COUNT_OF(agents)));
	}
	return found;
}

uint32_t machine_reasons(const struct event *event)
{
	uint32_t reasons = event->machine_reasons & MACHINE_SAID;
	if (reasons != event->machine_reasons) { /* reasons that we do not know are reasons all the same */
		reasons |= MACHINE_PROVIDER_FLAG;
	}
	if (event->channel == CHANNEL_EMAIL && event->action == ACTION_EMAIL_OPEN && is_open_proxy(event)) {
		reasons |= MACHINE_IMAGE_PROXY;
	}
	return reasons;
}

bool machine_is_timed(int action)
{
	return action == ACTION_EMAIL_SENT || action == ACTION_EMAIL_DELIVERED || action == ACTION_EMAIL_CLICK;
}
