/*
 * Any bytes as CloudEvents over HTTP. Scheme, adapter, screen, encoder (source_fuzz.h). Where the last line, the value of all
 * headers, begins with "1." it is binary mode.
 */
#include "collector/source/cloudevents.h"
#include "core/model/cloudevent.h"
#include "tests/fuzz/source_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cloudevent_pair pairs[] = {{NULL, "plan", "plan"}, {NULL, "deep", "a.b"}};
	static struct cloudevent_pair all[64];
	static struct cloudevent_map map = {.channel = CHANNEL_WEB, .subject = CLOUDEVENT_USER_ID, .pairs = all};
	static const struct source_options options = {.cloudevents = &map};
	if (map.count == 0) {
		memcpy(all, pairs, sizeof(pairs));
		map.count = COUNT_OF(pairs);
		CHECK(map.count + cloudevent_fields_count <= COUNT_OF(all));
		for (size_t i = 0; i < cloudevent_fields_count; i++) {
			const struct cloudevent_field *field = &cloudevent_fields[i];
			all[map.count++] = (struct cloudevent_pair){field, "", field->name};
		}
	}
	return source_fuzz_hook(data, size, "cloudevents", cloudevents_scheme, cloudevents_read, &options,
				cloudevents_headers);
}
