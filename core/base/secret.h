/*
 * Keeps what is in memory in memory: addresses and the identity key must not be left in a file by a crash.
 */
#pragma once

/* First thing in main(): no core is written, by whatever means, and only the superuser may look into the process. */
void secret_forbid_cores(void);
