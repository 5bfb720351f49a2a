/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-tunnel.h"

/* Gives @variant to every parser of src/shared that reads what comes over the bus. */
void fuzz_tunnel_check (GVariant *variant);
