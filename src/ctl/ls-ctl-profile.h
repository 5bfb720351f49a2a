/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-ctl.h"

G_BEGIN_DECLS

/* All that is known of @profile, a{sv}, floating. */
GVariant *ls_ctl_profile_to_variant (LsAgentIpcProfile *profile);

/* Of these, those properties that @changed (a{sv} of PropertiesChanged) names; floating. */
GVariant *ls_ctl_profile_changes_to_variant (LsAgentIpcProfile *profile, GVariant *changed);

/* All for people, several lines. @now: Unix seconds. (transfer full) */
char *ls_ctl_profile_to_text (LsAgentIpcProfile *profile, gint64 now);

/* "NAME: state in words", and the problem if there is one. (transfer full) */
char *ls_ctl_profile_to_line (LsAgentIpcProfile *profile);

/* What a device that waits for approval has to wait for, and what happens then; NULL if it does not
 * wait. */
const char *ls_ctl_profile_get_next (LsAgentIpcProfile *profile);

/* Of a list of networks: one row each under a heading. (transfer full) */
char *ls_ctl_profiles_to_text (GPtrArray *profiles);

G_END_DECLS
