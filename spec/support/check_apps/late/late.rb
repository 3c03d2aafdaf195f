# frozen_string_literal: true

module Loading
  # Loaded late.
  module Late
    def self.text = "late"
  end
end
