# frozen_string_literal: true

# What a variable, a constant or a call may stand for, and may not.
module CheckValues
  BAD = [+"x"]

  # Fit for a Ractor.
  module Ok
    def self.call(_env) = [200, {}, ["ok"]]
  end

  # Not fit for one.
  module Worse
    def self.call(_env) = [200, {}, [BAD.first]]
  end

  # A body around a body.
  class Upcased
    def initialize(body) = @body = body
    def each(&block) = @body.each { |part| block.call(part.upcase) }
  end

  module Wrapped
    def self.call(_env) = [200, {}, Upcased.new(Upcased.new(%w[hello])).each { |part| part }]
  end

  # True or false, which the request tells.
  module Refusing
    def self.asked?(env) = env["HTTP_COOKIE"] ? true : false
    def self.call(env) = asked?(env) ? [200, {}, ["hi"]] : [401, {}, [BAD.first]]
  end

  # The same, the other way about.
  module Admitting
    def self.asked?(env) = env["HTTP_X_ASKED"] ? true : false
    def self.call(env) = asked?(env) ? [200, {}, ["hi"]] : [401, {}, [BAD.first]]
  end

  # Something or nil, and asked with nil?.
  module NilOrNot
    def self.call(env)
      found = env["HTTP_X_FOUND"] ? Ok : nil
      [200, {}, [found.nil? ? BAD.first : "hi"]]
    end
  end

  # Something or nil, and asked with &.
  module Careful
    def self.call(env)
      found = env["HTTP_X_FOUND"] ? Ok : nil
      found&.call(env) || [200, {}, [BAD.first]]
    end
  end
end

CheckApps.app("body around a body of its kind") { CheckValues::Wrapped }
CheckApps.app("predicate that is true here") { CheckValues::Refusing }
CheckApps.app("predicate that is false here", blames: /BAD/) { CheckValues::Admitting }
CheckApps.app("nil? of what may be nil", blames: /BAD/) { CheckValues::NilOrNot }
CheckApps.app("&. of what may be nil", blames: /BAD/) { CheckValues::Careful }
