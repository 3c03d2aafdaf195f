# frozen_string_literal: true

module Apps
  # Can be shared, as any module, and raises in a Ractor: the constant cannot.
  module Counter
    COUNTS = Hash.new(0)

    def self.call(env) = [200, {}, [(COUNTS[env["PATH_INFO"]] += 1).to_s]]
  end
end
