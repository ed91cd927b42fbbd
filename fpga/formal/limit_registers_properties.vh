// SPDX-License-Identifier: BSD-3-Clause
// Properties of limit_registers: never above a ceiling, and after the lock only down. By induction.

  reg f_past_q = 1'b0;
  always @(posedge clk) begin : promises
    f_past_q <= 1'b1;
    if (!f_past_q) assume (!rst_n);
    if (f_past_q) begin
      assert (limit_voltage[15:0] <= CEILING_FORM_V && limit_voltage[31:16] <= CEILING_SET_V);
      assert (limit_voltage[47:32] <= CEILING_RESET_V && limit_voltage[63:48] <= CEILING_READ_V);
      assert (limit_gate <= CEILING_GATE_V && limit_width <= CEILING_WIDTH);
      if ($past(rst_n) && rst_n && $past(locked)) begin
        assert (locked);
        assert (limit_voltage[15:0] <= $past(limit_voltage[15:0]) && limit_voltage[31:16] <= $past(limit_voltage[31:16]));
        assert (limit_voltage[47:32] <= $past(limit_voltage[47:32]) && limit_voltage[63:48] <= $past(limit_voltage[63:48]));
        assert (limit_gate <= $past(limit_gate) && limit_width <= $past(limit_width));
      end
      if ($past(rst_n) && $past(write) && $past(status) != `STATUS_OK)
        assert ($stable(limit_voltage) && $stable(limit_gate) && $stable(limit_width) && $stable(locked));
      if (!$past(rst_n)) assert ({limit_voltage, limit_gate, limit_width, locked} == 113'd0);
      cover (locked && limit_gate != 16'd0 && rst_n);
    end
  end
