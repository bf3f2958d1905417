#include "collector/conf_http.h"

#include "collector/conf.h"
#include "collector/cors.h"
#include "core/base/arena.h"

#define NETWORKS_MAX 64
#define ORIGINS_MAX 500

#define AT(member) .offset = offsetof(struct collect_conf, http.member)

static const char *const forwarded_words[] = {[HTTP_FORWARDED_NONE] = "none",
					      [HTTP_X_FORWARDED_FOR] = "x-forwarded-for",
					      [HTTP_FORWARDED] = "forwarded",
					      NULL};

const struct yaml_field collect_conf_http_fields[] = {
	{"listen", YAML_TEXT, AT(listen), .low = 1, .high = 127, .fallback = "127.0.0.1:9650",
	 .help = "Where trackers send to: address:port in numbers, or unix:/path. Port 0: any free one, which is "
		 "printed on stdout. TLS belongs to the proxy in front. /healthz and /readyz are served here "
		 "too."},
	{"admin_listen", YAML_TEXT, AT(admin_listen), .high = 127, .fallback = "127.0.0.1:9651",
	 .help = "Where /metrics, /healthz and /readyz are served. Not for the public. Empty: nowhere."},
	{"connections_max", YAML_INTEGER, AT(connections_max), .low = 1, .high = 10000, .fallback = "1024",
	 .help = "Connections at once. One more takes the place of the one that has been silent or slow for "
		 "longest. Each needs a descriptor."},
	{"kept_max", YAML_INTEGER, AT(kept_max), .low = 1, .high = 10000, .fallback = "256", .reloadable = true,
	 .help = "Connections that may wait for a next request; each keeps 36 KiB. Above it the one that has "
		 "waited for longest is closed."},
	{"head_s_max", YAML_INTEGER, AT(head_s_max), .low = 1, .high = 600, .fallback = "5", .unit = "s",
	 .reloadable = true,
	 .help = "A new connection's request line must be whole within this, and its headers within this again, "
		 "however they trickle in."},
	{"request_s_max", YAML_INTEGER, AT(request_s_max), .low = 1, .high = 600, .fallback = "10", .unit = "s",
	 .reloadable = true,
	 .help = "A body must be whole within this after its headers, however it trickles in, and an answer be "
		 "fetched."},
	{"kept_s_max", YAML_INTEGER, AT(kept_s_max), .low = 1, .high = 3600, .fallback = "20", .unit = "s",
	 .reloadable = true, .help = "How long an answered connection may wait for its next request line."},
	{"body_kib_max", YAML_INTEGER, AT(body_kib_max), .low = 1, .high = 8192, .fallback = "1024", .unit = "KiB",
	 .help = "Largest body; above it the answer is 413."},
	{"bodies_mib_max", YAML_INTEGER, AT(bodies_mib_max), .low = 8, .high = 4096, .fallback = "64",
	 .unit = "MiB",
	 .help = "Memory for bodies that are still coming. When it is full, the one that has been coming for "
		 "longest is cut."},
	{"memory_mib_max", YAML_INTEGER, AT(memory_mib_max), .low = 4, .high = 1024, .fallback = "64",
	 .unit = "MiB",
	 .help = "Most memory that reading one request may take, one at a time; what is not used costs nothing."},
	{"address_connections_max", YAML_INTEGER, AT(address_connections_max), .low = 0, .high = 10000,
	 .fallback = "100",
	 .help = "Connections of one address, or of one /64 of IPv6. One more takes the place of the oldest of "
		 "them; when all wait for the brokers it is answered 429. 0: no limit."},
	{"address_requests_s_max", YAML_INTEGER, AT(address_requests_s_max), .low = 0, .high = 100000,
	 .fallback = "100", .unit = "/s", .reloadable = true,
	 .help = "Requests of one address, or of one /64 of IPv6: so many a second over time, ten times as many "
		 "at once after a pause; above it they are answered 429. One whose body is large counts as "
		 "many, one for each 64 KiB of it, unpacked. An office behind one address counts as one. 0: no "
		 "limit."},
	{"key_requests_s_max", YAML_INTEGER, AT(key_requests_s_max), .low = 0, .high = 1000000, .fallback = "0",
	 .unit = "/s", .reloadable = true,
	 .help = "The same for one site: the application id that its tracker sends. It is no secret, so whoever "
		 "sends in a site's name uses up its share. 0: no limit."},
	{"trusted_proxies", YAML_TEXTS, AT(trusted_proxies), .high = 64,
	 .fallback = "[127.0.0.0/8, \"::1\", unix]", .reloadable = true,
	 .help = "Addresses and networks of the proxies in front; unix: whoever connects through a socket file. "
		 "They say who is behind them, and have no limits of their own: when they do not say it, nobody "
		 "has."},
	{"forwarded_by", YAML_WORD, AT(forwarded_by), .fallback = "x-forwarded-for", .words = forwarded_words,
	 .reloadable = true,
	 .help = "The header to which the proxies append who asked them. The other one is not believed, because "
		 "a proxy that does not know it lets it through from anybody."},
	{"origins", YAML_TEXTS, AT(origins), .high = 300, .fallback = "[]", .reloadable = true,
	 .help = "Sites whose pages may send, exactly as browsers name them, https://www.example.org; pages of "
		 "others are answered 403. What comes without an origin, as pixels do, is taken. Empty: all."},
	{0},
};

static bool read_networks(const struct conf_reader *reader, struct collect_conf *conf)
{
	const struct yaml_texts *texts = &conf->http.trusted_proxies;
	if (texts->count > NETWORKS_MAX) {
		return CONF_COMPLAIN(reader, "http", "trusted_proxies",
				     "\"http.trusted_proxies\" has more than %d networks", NETWORKS_MAX);
	}
	struct http_network *items = arena_zero(reader->arena, texts->count, sizeof(*items));
	if (items == NULL) {
		return conf_too_large(reader);
	}
	for (size_t i = 0; i < texts->count; i++) {
		if (!http_network_read(texts->items[i], &items[i])) {
			return CONF_COMPLAIN(reader, "http", "trusted_proxies",
					     "\"http.trusted_proxies\": \"%.70s\" is no address, no network like "
					     "\"10.0.0.0/8\" whose other bits are 0, and not \"unix\"",
					     texts->items[i]);
		}
	}
	conf->http.proxies = (struct http_networks){items, texts->count};
	return true;
}

bool collect_conf_http_check(const struct conf_reader *reader, void *into)
{
	struct collect_conf *conf = into;
	if (conf->http.origins.count > ORIGINS_MAX) {
		return CONF_COMPLAIN(reader, "http", "origins", "\"http.origins\" has more than %d values",
				     ORIGINS_MAX);
	}
	for (size_t i = 0; i < conf->http.origins.count; i++) {
		if (!cors_is_origin(conf->http.origins.items[i])) {
			return CONF_COMPLAIN(
				reader, "http", "origins",
				"\"http.origins\": \"%.100s\" is not as browsers say it: scheme://host "
				"or scheme://host:port in lower case, nothing behind it",
				conf->http.origins.items[i]);
		}
	}
	if (conf->http.bodies_mib_max * 1024 < conf->http.body_kib_max) {
		return CONF_COMPLAIN(reader, "http", "bodies_mib_max",
				     "\"http.bodies_mib_max\" has no room for one body of \"http.body_kib_max\"");
	}
	return read_networks(reader, conf);
}
