/*
 * Traits: what a site tells its tracker of whoever is there, as each site likes to name it. Pure.
 *
 * Traits are free: what is not of the kind that is looked for is left out, and no fault of the message. What the event has
 * already it keeps.
 */
#pragma once
#include "collector/source/reading.h"

#define PERSON_EMAIL_SIZE_MAX 254

/* Address, name, title, role and company of the map at the path of the message. */
enum outcome person_read(struct reading *reading, const char *path);
/* The map's traits are the company's: its name and domain. */
enum outcome person_company(struct reading *reading, const char *path);
/* After all of them: an address that is too long is nobody's; cut, it would be somebody else's. */
void person_settle(struct reading *reading);
