/*
 * The overview: how many people are in which phase.
 */
#include <string.h>

#include "core/base/check.h"
#include "ctl/board/markup.h"
#include "ctl/board/person.h"

static bool ask(struct job *job, struct postgres *postgres, struct fail *fail)
{
	return page_people.ask(job, postgres, fail);
}

static unsigned show(struct job *job, FILE *out)
{
	return page_people.show(job, out);
}

const struct page page_start = {.path = "/", .title = "Overview", .in_menu = true, .ask = ask, .show = show};
