# A rackup file without the comment.
class ConstantRackup
  GREETING = "hi"

  def self.call(_env) = [200, {}, [GREETING]]
end

run ConstantRackup
