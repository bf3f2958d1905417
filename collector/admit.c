#include "collector/admit.h"

#include <string.h>

#include "collector/conf.h"
#include "collector/cors.h"
#include "core/edge/http.h"

#define BURST_S 10
#define BUSY_ADDRESSES 8192 /* 128 KiB */
#define BUSY_KEYS 1024
#define REQUEST_SIZE ((size_t)64 * 1024) /* of what counts as one */

bool admit_init(struct admit *admit, const struct collect_conf *conf)
{
	*admit = (struct admit){.conf = conf};
	return admit_reconfigure(admit);
}

bool admit_reconfigure(struct admit *admit)
{
	const struct collect_conf *conf = admit->conf;
	bool good = limiter_change(&admit->addresses, (unsigned)conf->http.address_requests_s_max, BURST_S,
				   BUSY_ADDRESSES);
	return limiter_change(&admit->keys, (unsigned)conf->http.key_requests_s_max, BURST_S, BUSY_KEYS) && good;
}

void admit_finish(struct admit *admit)
{
	limiter_finish(&admit->addresses);
	limiter_finish(&admit->keys);
}

bool admit_origin(const struct admit *admit, const struct http_request *request, const char **ret_origin)
{
	const char *origin = http_header(request, "Origin");
	const struct yaml_texts *origins = &admit->conf->http.origins;
	if (!cors_allows(origins->items, origins->count, origin)) {
		return false;
	}
	*ret_origin = origin;
	return true;
}

/* False: that is not known, or means nothing. */
static bool find_group(const struct http_request *request, struct http_address *ret_group)
{
	struct http_address client = http_client(request);
	if (client.family != HTTP_V4 && client.family != HTTP_V6 &&
	    client.family != HTTP_UNCLEAR) { /* nobody whom it could be held against */
		return false;
	}
	*ret_group = http_address_group(&client);
	return true;
}

static bool is_often(struct admit *admit, const struct http_request *request, int64_t now_us, unsigned *ret_wait_s)
{
	struct http_address group;
	return find_group(request, &group) &&
	       !limiter_take(&admit->addresses, &group, sizeof(group), now_us, ret_wait_s);
}

unsigned admit_request(struct admit *admit, const struct http_request *request, int64_t now_us,
		       unsigned *ret_wait_s)
{
	const char *origin;
	if (is_often(admit, request, now_us, ret_wait_s)) {
		return 429;
	}
	return admit_origin(admit, request, &origin) ? 0 : 403;
}

void admit_charge(struct admit *admit, const struct http_request *request, size_t size, int64_t now_us)
{
	struct http_address group;
	unsigned times = (unsigned)(size / REQUEST_SIZE);
	if (times > 0 && find_group(request, &group)) {
		limiter_charge(&admit->addresses, &group, sizeof(group), times, now_us);
	}
}

bool admit_key(struct admit *admit, const char *key, int64_t now_us, unsigned *ret_wait_s)
{
	return key[0] == '\0' || limiter_take(&admit->keys, key, strlen(key), now_us, ret_wait_s);
}
