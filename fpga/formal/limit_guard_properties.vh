// SPDX-License-Identifier: BSD-3-Clause
// Properties of limit_guard: nothing above a limit or outside the token is ever driven, and every pulse ends.
//
// The limits, the token, the requests and the macro are arbitrary in every cycle. By induction.

  reg f_past_q = 1'b0;
  always @(posedge clk) f_past_q <= 1'b1;
  always @(posedge clk) if (!f_past_q) assume (!rst_n);

  // What the token allows, told again from what ARM said, and what was driven since.
  reg [ROWS-1:0] f_rows_q;
  reg [COLS-1:0] f_columns_q;
  reg [7:0]      f_operations_q;
  reg [15:0]     f_cap_q;
  reg            f_held_q = 1'b0;
  reg [32:0]     f_given_q, f_allowed_q;
  reg [32:0]     f_driven_q;       // cycles of the present pulse
  reg [32+EXPIRY_LOG2:0] f_age_q, f_life_q;  // cycles since ARM, stopped at the token's life; that life
  wire f_arm = arm && state_q == ST_IDLE && !safe_latched && !kill;
  always @(posedge clk) begin : told_again
    if (!rst_n || kill || disarm || safe_latched) f_held_q <= 1'b0;
    else if (f_arm) f_held_q <= 1'b1;
    if (f_arm) begin
      f_rows_q       <= arm_rows;
      f_columns_q    <= arm_columns;
      f_operations_q <= arm_operations;
      f_cap_q        <= arm_voltage;
      f_allowed_q    <= {1'b0, arm_pulses};
      f_given_q      <= 33'd0;
      f_age_q        <= 0;
      f_life_q       <= {1'b0, arm_expiry, {EXPIRY_LOG2{1'b0}}};
    end else begin
      if (f_age_q < f_life_q) f_age_q <= f_age_q + 1'b1;
      if (p_valid && p_ready) f_given_q <= f_given_q + {23'd0, f_cells};
    end
    f_driven_q <= rst_n && p_drive ? f_driven_q + 33'd1 : 33'd0;
  end

  // A reading above the read limit is due: a pulse of SWEEP was given, and none above the limit passed since.
  reg f_due_q = 1'b0;
  always @(posedge clk) begin : due
    if (!rst_n || (x_valid && x_ready && read_code > limit_voltage[63:48])) f_due_q <= 1'b0;
    else if (p_valid && p_ready && sweep_q) f_due_q <= 1'b1;
  end

  reg [9:0] f_cells;
  integer   f_i;
  always @(*) begin : count_again
    f_cells = 10'd0;
    for (f_i = 0; f_i < COLS; f_i = f_i + 1) f_cells = f_cells + {9'd0, p_mask[f_i]};
  end

  // The columns judged so far.
  wire [PAD-1:0] f_seen = ~({PAD{1'b1}} << (word_q * SCAN_BITS));
  reg [9:0]      f_counted;
  integer        f_j;
  always @(*) begin : counted_so_far
    f_counted = 10'd0;
    for (f_j = 0; f_j < PAD; f_j = f_j + 1) f_counted = f_counted + {9'd0, mask_pad[f_j] && f_seen[f_j]};
  end

  wire f_scanning = state_q == ST_SCAN;
  wire f_judged   = state_q == ST_JUDGE || state_q == ST_OFFER || state_q == ST_DRIVE || state_q == ST_STORE;

  always @(posedge clk) begin : promises
    if (f_past_q && rst_n) begin
      // What holds between the promises, for the induction.
      assert (state_q <= ST_LOST && drive_q == (state_q == ST_DRIVE));
      assert (f_held_q == held_q);
      if (held_q) assert (expired_q == (expiry_q == 32'd0));
      if (held_q && (f_judged || licence_q || (f_scanning && word_q != 5'd0)))
        assert (row_good_q == ({23'd0, row_q} < ROWS && rows_q[row_q[$clog2(ROWS)-1:0]]));
      if (held_q) begin
        assert (f_rows_q == rows_q && f_columns_q == columns_q && f_operations_q == operations_q && f_cap_q == cap_q);
        assert (f_given_q <= f_allowed_q && f_allowed_q - f_given_q == {1'b0, left_q});
        assert (!f_allowed_q[32]);
        assert (f_age_q <= f_life_q && expired_q == (f_age_q == f_life_q));
        if (!expired_q) assert (f_life_q - f_age_q == {1'b0, expiry_q - 32'd1, unit_q} + 1'b1);
      end
      if (f_scanning) begin
        assert ({27'd0, word_q} < SCAN_WORDS);
        assert (cells_q == f_counted);
      end
      if (f_judged) assert (cells_q == f_cells);
      if (held_q && f_scanning && !outside_q) assert ((mask_pad & f_seen & ~token_pad) == {PAD{1'b0}});
      if (held_q && f_judged && !outside_q) assert ((mask_q & ~columns_q) == {COLS{1'b0}});
      if (state_q == ST_DRIVE) begin
        assert (timer_q != 32'd0 && timer_q <= width_q);
        assert (f_driven_q == {1'b0, width_q - timer_q});
      end else if (state_q != ST_STORE) assert (f_driven_q == 33'd0);
      if (f_scanning || state_q == ST_JUDGE || state_q == ST_OFFER) assert (timer_q == width_q);

      // A pulse begins only as a token and the limits permit, and its cells are taken from the token.
      if (p_valid) begin
        assert (held_q && !safe_latched && !kill && f_age_q < f_life_q);
        assert ({23'd0, f_cells} <= f_allowed_q - f_given_q);
      end
      // Whatever is offered or driven is within every limit and inside the token.
      if (p_valid || p_drive) begin
        assert (f_held_q && !safe_latched && !kill);
        assert (p_kind != 2'd3 && f_operations_q[p_kind]);
        assert (p_voltage <= limit_voltage[p_kind*16 +: 16] && p_voltage <= f_cap_q);
        assert (p_gate <= limit_gate);
        assert (p_row < ROWS && f_rows_q[p_row]);
        assert ((p_mask & ~f_columns_q) == {COLS{1'b0}});
      end
      // A pulse is never longer than was asked, and what was asked is within the limit: it always ends.
      if (p_drive) assert (width_q <= limit_width && f_driven_q < {1'b0, width_q});
      assert (!(p_drive && p_valid));
      // Rows are read only within the read limit, or once after a pulse of SWEEP: on its row, at its voltage, within every
      // limit and inside the token as they are now; and never when latched.
      if (licence_q) assert (f_due_q && state_q == ST_IDLE);
      if (sweep_q && (state_q == ST_DRIVE || state_q == ST_STORE)) assert (f_due_q);
      if (licence_q && held_q && !outside_q) assert ((mask_q & ~columns_q) == {COLS{1'b0}});
      if (x_valid) assert (!safe_latched && !kill);
      if (x_valid && read_code > limit_voltage[63:48]) begin
        assert (f_due_q && f_held_q && x_line == p_row && read_code == p_voltage);
        assert (p_kind != 2'd3 && f_operations_q[p_kind]);
        assert (read_code <= limit_voltage[p_kind*16 +: 16] && read_code <= f_cap_q);
        assert (p_gate <= limit_gate && width_q <= limit_width);
        assert (p_row < ROWS && f_rows_q[p_row]);
        assert ((p_mask & ~f_columns_q) == {COLS{1'b0}});
      end
      // While a pulse is on, what it is does not change.
      if ($past(rst_n) && $past(p_drive) && p_drive) begin
        assert ($stable(p_mask) && $stable(p_row) && $stable(p_kind) && $stable(p_voltage) && $stable(p_gate));
      end
    end
    cover (f_past_q && rst_n && p_drive && timer_q == 32'd1 && width_q == 32'd3);
    cover (f_past_q && rst_n && g_done && g_status == `STATUS_OK && !dry_q);
    cover (f_past_q && rst_n && x_valid && x_ready && read_code > limit_voltage[63:48]);
  end
