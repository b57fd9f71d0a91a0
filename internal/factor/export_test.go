package factor

import "time"

// SetAge lets a test move the age of what Warm has read.
func SetAge(s *Service, age func() time.Duration) { s.said.Age = age }
