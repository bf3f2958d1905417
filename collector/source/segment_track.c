/*
 * What is said besides: of track calls, those that the specification names; of all calls, properties and the group.
 */
#include <string.h>
#include <strings.h>

#include "collector/source/segment_event.h"
#include "collector/source/url.h"
#include "core/base/check.h"
#include "core/base/json.h"

#define LABEL_SIZE_MAX 128

/* The first of the properties that is a text; "" when none is. */
static const char *property_of(const struct reading *reading, const char *const *names)
{
	const struct json_node *properties = reading_find(reading->message, "properties");
	for (size_t i = 0; names[i] != NULL; i++) {
		const struct json_node *node = reading_find(properties, names[i]);
		if (node != NULL && node->kind == JSON_TEXT && node->text[0] != '\0') {
			return node->text;
		}
	}
	return "";
}

static enum outcome read_search(struct reading *reading)
{
	static const char *const names[] = {"query", "search", "term", NULL};
	reading->event->action = ACTION_SITE_SEARCH;
	reading->field = "properties.query";
	return reading_copy(reading, property_of(reading, names), 256, &reading->event->content.search);
}

static const char *const link_names[] = {"url", "href", "target_url", "link", "file_url", NULL};
static const char *const text_names[] = {"text", "label", NULL};

static enum outcome read_target(struct reading *reading)
{
	struct event *event = reading->event;
	event->content.target_url = url_clean(property_of(reading, link_names), reading->arena);
	return event->content.target_url != NULL ? OUTCOME_NONE : OUTCOME_too_large;
}

static enum outcome read_download(struct reading *reading)
{
	reading->event->action = ACTION_CONTENT_DOWNLOAD;
	return read_target(reading);
}

/* What stands on a link or a button names it better than that it was clicked. */
static enum outcome read_caption(struct reading *reading)
{
	const char *text = property_of(reading, text_names);
	reading->field = "properties.text";
	return text[0] != '\0' ? reading_copy(reading, text, LABEL_SIZE_MAX, &reading->event->label)
			       : OUTCOME_NONE;
}

static enum outcome read_click(struct reading *reading)
{
	const struct source_options *options = reading->options;
	struct event *event = reading->event;
	const char *target = property_of(reading, link_names);
	if (url_has_extension(target, options->download_extensions, options->download_extensions_count)) {
		event->action = ACTION_CONTENT_DOWNLOAD;
	} else if (url_other_host(target, event->content.url)) {
		event->action = ACTION_LINK_OUT;
	}
	enum outcome outcome = read_target(reading);
	return outcome == OUTCOME_NONE && event->action != ACTION_CUSTOM ? read_caption(reading) : outcome;
}

static enum outcome read_button(struct reading *reading)
{
	reading->event->action = ACTION_BUTTON_CLICK;
	return read_caption(reading);
}

static enum outcome read_form_id(struct reading *reading)
{
	static const char *const names[] = {"form_id", "formId", "form", "form_name", "id", NULL};
	reading->field = "properties.form_id";
	return reading_copy(reading, property_of(reading, names), 128, &reading->event->content.form_id);
}

static enum outcome read_form_start(struct reading *reading)
{
	reading->event->action = ACTION_FORM_START;
	return read_form_id(reading);
}

static enum outcome read_form(struct reading *reading)
{
	reading->event->action = ACTION_FORM_SUBMIT;
	enum outcome outcome = read_form_id(reading);
	return outcome == OUTCOME_NONE ? reading_form(reading, reading_find(reading->message, "properties"))
				       : outcome;
}

static enum outcome read_video(struct reading *reading)
{
	static const struct reading_row rows[] = {
		{"properties.asset_id", 128, offsetof(struct event, content.content_id)},
	};
	return reading_texts(reading, rows, COUNT_OF(rows));
}

static enum outcome read_play(struct reading *reading)
{
	reading->event->action = ACTION_VIDEO_PLAY;
	return read_video(reading);
}

static enum outcome read_complete(struct reading *reading)
{
	reading->event->action = ACTION_VIDEO_COMPLETE;
	return read_video(reading);
}

static enum outcome read_preference(struct reading *reading)
{
	reading->event->action = ACTION_CONSENT;
	return OUTCOME_NONE;
}

static const struct track {
	const char *name;
	reading_step *read;
	bool is_private; /* its properties are what a person wrote: none is read but those of its form */
} tracks[] = {
	{"Products Searched", read_search, false},
	{"File Downloaded", read_download, false},
	{"Link Clicked", read_click, false},
	{"Button Clicked", read_button, false},
	{"Form Started", read_form_start, true},
	{"Form Submitted", read_form, true},
	{"Video Playback Started", read_play, false},
	{"Video Playback Completed", read_complete, false},
	{"Segment Consent Preference Updated", read_preference, false},
};

static const struct track *track_of(const struct event *event)
{
	for (size_t i = 0; event->action == ACTION_CUSTOM && i < COUNT_OF(tracks); i++) {
		if (strcasecmp(tracks[i].name, event->label) == 0) {
			return &tracks[i];
		}
	}
	return NULL;
}

/* ---- the rest ---- */

/* Of a page call those that tell of the page, which the event has already, without what is private in them. */
static bool is_of_page(const struct reading *reading, const char *key)
{
	(void)reading;
	static const char *const keys[] = {
		"url",
		"path",
		"search",
		"referrer",
		"title",
		"name",
		"tab_url",
		"referring_domain",
		"initial_referrer",
		"initial_referring_domain", /* RudderStack's */
	};
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		if (strcmp(keys[i], key) == 0) {
			return true;
		}
	}
	return false;
}

enum outcome segment_track(struct reading *reading)
{
	struct event *event = reading->event;
	const struct track *track = track_of(event);
	const char *group = "", *category = "";
	enum outcome outcome = track != NULL ? track->read(reading) : OUTCOME_NONE;
	outcome = outcome != OUTCOME_NONE ? outcome : reading_optional(reading, "groupId", 256, &group);
	if (outcome == OUTCOME_NONE && group[0] == '\0') {
		outcome = reading_optional(reading, "context.groupId", 256, &group);
	}
	outcome = outcome != OUTCOME_NONE ? outcome : reading_optional(reading, "category", 256, &category);
	outcome = outcome != OUTCOME_NONE ? outcome : reading_property(reading, "groupId", group);
	outcome = outcome != OUTCOME_NONE ? outcome : reading_property(reading, "category", category);
	if (outcome != OUTCOME_NONE || (track != NULL && track->is_private)) {
		return outcome;
	}
	reading_amount(reading);
	return reading_own_properties(reading, event->action == ACTION_PAGE_VIEW ? is_of_page : NULL);
}
