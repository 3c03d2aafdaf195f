# frozen_string_literal: true

module Apps
  # Shareable like any module, but raises in a Ractor, because its constant is not.
  module Counter
    COUNTS = Hash.new(0)

    def self.call(env) = [200, {}, [(COUNTS[env["PATH_INFO"]] += 1).to_s]]
  end
end
