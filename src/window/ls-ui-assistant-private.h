/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-ui-assistant.h"

#include "ls-ui-banner.h"
#include "ls-ui-copy-row.h"

G_BEGIN_DECLS

struct _LsUiAssistant
{
  AdwWindow parent_instance;

  LsUiNetworks *networks; /* owned */
  LsUiNetwork *network; /* owned; NULL until it is added */
  gboolean created; /* network was added by this assistant */
  LsUiServer *server; /* owned; the last answer; NULL before */
  char **urls; /* owned; what @server was asked at */
  LsPins *pins; /* owned; the certificates that the person trusts */
  GCancellable *cancellable; /* owned; of the step under way */
  gboolean busy;

  AdwToastOverlay *toasts;
  GtkStack *pages;
  LsUiBanner *banner;
  GtkEditable *server_row;
  LsUiBanner *certificate_banner;
  LsUiCopyRow *certificate_row;
  AdwActionRow *found_row;
  LsUiBanner *plain_banner;
  AdwActionRow *pin_row;
  GtkSwitch *pin_switch;
  GtkEditable *token_row;
  GtkEditable *token_name_row;
  GtkEditable *network_row;
  GtkEditable *approval_name_row;
};

/* In front, as the pages are called in the .ui. */
void ls_ui_assistant_show_page (LsUiAssistant *self, const char *name);
/* Or the last page, if the wait is over already. */
void ls_ui_assistant_show_waiting (LsUiAssistant *self);

const char *ls_ui_assistant_get_page (LsUiAssistant *self);

/* Whether only the server of a network that is joined already is changed. */
gboolean ls_ui_assistant_is_change (LsUiAssistant *self);

void ls_ui_assistant_set_busy (LsUiAssistant *self, gboolean busy);

/* Takes the network that is joined or changed from now on. */
void ls_ui_assistant_take_network (LsUiAssistant *self, LsUiNetwork *network);

/* The steps. Each shows what it fails with, and everything typed stays. Nothing happens while
 * another is under way. */
void ls_ui_assistant_check (LsUiAssistant *self); /* asks the server at the address typed */
void ls_ui_assistant_trust (LsUiAssistant *self); /* accepts the certificate that was refused */
void ls_ui_assistant_join (LsUiAssistant *self); /* joins as the page in front says */

G_END_DECLS
