# frozen_string_literal: true

# Names that are none, and names that only look so.
module Names
  LIST = ["a"]
  BROKEN = "no_\xE9"

  # What somebody asks for that Ruby refuses, whoever asks.
  module Refused
    def self.call(_env)
      [200, {}, [asked { const_get("en") }, asked { const_get(:foo) }, asked { const_get("") },
                 asked { public_send(BROKEN) }, asked { respond_to?(BROKEN) }]]
    end

    def self.asked
      yield.to_s
    rescue NameError, EncodingError
      "no"
    end
  end

  # From the top.
  module FromTheTop
    def self.call(_env) = [200, {}, [const_get("::Names::LIST").first]]
  end
end

CheckApps.app("names that Ruby refuses") { Names::Refused }
CheckApps.app("const_get from the top", blames: /LIST/) { Names::FromTheTop }
