import { z } from 'zod';
import { roles } from '../plugins/auth.js';

export const whoamiAnswer = z
  .object({
    name: z.string().describe('Of the key, or anonymous.'),
    role: z.enum(roles),
    may: z.array(z.enum(roles)).describe('Roles that it includes.'),
  })
  .meta({ id: 'WhoAmI' });
