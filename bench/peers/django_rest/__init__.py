"""Django with Django REST framework, as their documentation has it."""
