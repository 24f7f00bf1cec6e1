import DefaultTheme from 'vitepress/theme';
import SchedulePlayground from './SchedulePlayground.vue';

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('SchedulePlayground', SchedulePlayground);
  },
};
