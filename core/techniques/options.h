/* SPDX-License-Identifier: MIT */
/* The command line of sabot-ref. */
#ifndef CORE_TECHNIQUES_OPTIONS_H
#define CORE_TECHNIQUES_OPTIONS_H

#include "core/techniques/impl.h"

/*
 * Reads argv[3] … (after TECHNIQUE and server|client) into *o and orders the mistakes. 0, or 2 after a sentence on
 * stderr. Strings in *o point into argv.
 */
int options_parse(struct ref_options *o, const struct technique_info *info, int argc, char **argv);
/* What `sabot-ref --help` says of options, designs and mistakes. */
void options_help(void);

#endif
