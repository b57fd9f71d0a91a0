package apps

import "time"

// SetAge makes the age of what is remembered of clients tell by age.
func (s *Service) SetAge(age func() time.Duration) { s.clients.Age, s.secrets.Age = age, age }
